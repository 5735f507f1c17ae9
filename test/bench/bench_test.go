package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nelke/internal/schedule"
	townfile "nelke/internal/town"
	"nelke/test/bench/backlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLatenciesAt(t *testing.T) {
	t.Parallel()
	var l latencies
	require.Zero(t, l.at(0.5), "none")
	for i := range 100 {
		l = append(l, time.Duration(100-i)*time.Millisecond)
	}
	require.Equal(t, 50*time.Millisecond, l.at(0.5))
	require.Equal(t, 99*time.Millisecond, l.at(0.99))
	require.Equal(t, 100*time.Millisecond, l.at(1))
	require.Equal(t, time.Millisecond, l.at(0))
	require.Equal(t, 100*time.Millisecond, l[0], "the order of the times stays as it was")
	require.Equal(t, 7*time.Second, latencies{7 * time.Second}.at(0.99))
}

func TestMedianAndSpread(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2, median([]float64{3, 1, 2}), 0)
	require.InDelta(t, 2.5, median([]float64{4, 1, 2, 3}), 0)
	require.True(t, math.IsNaN(median(nil)))
	low, high := spread([]float64{3, 1, 2})
	require.InDelta(t, 1, low, 0)
	require.InDelta(t, 3, high, 0)
	require.Equal(t, []float64{0.5, 2}, ratios([]float64{1, 4}, []float64{2, 2}))
}

func TestBars(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bar   *bar
		value float64
		met   bool
	}{
		"reached":          {atLeast(0.75, ""), 0.75, true},
		"too little":       {atLeast(0.75, ""), 0.749, false},
		"below the most":   {atMost(20, "µs"), 19, true},
		"too much":         {atMost(20, "µs"), 20.1, false},
		"exact":            {exactly(40), 40, true},
		"one too few":      {exactly(40), 39, false},
		"one too many":     {exactly(40), 41, false},
		"nothing measured": {atLeast(0, ""), math.NaN(), false},
	} {
		require.Equal(t, c.met, c.bar.met(c.value), name)
	}
}

func TestReportPrintsAMissedBarAndCountsIt(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := &report{out: &out}
	r.add(
		row{part: "a", what: "quick", values: []float64{3, 1, 2}, unit: "ms", bar: atMost(2, "ms")},
		row{part: "a", what: "slow", values: []float64{0.7}, bar: atLeast(0.75, ""), times: latencies{time.Second, 1500 * time.Microsecond}},
		row{part: "a", what: "told", values: []float64{12345.6}, unit: "/s"},
	)
	require.Equal(t, 1, r.print())
	lines := strings.Split(out.String(), "\n")
	require.Regexp(t, `^a +quick +2 ms +1 – 3 +≤ 2 ms +met`, lines[1])
	require.Regexp(t, `^a +slow +0\.70 +0\.70 – 0\.70 +1\.50 ms +1 s +≥ 0\.75 +MISSED`, lines[2])
	require.Regexp(t, `^a +told +12346 /s`, lines[3])
	require.Contains(t, out.String(), "1 missed")
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	opts, err := parse([]string{"-only", "availability, live", "-rounds", "5", "-seconds", "2s"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"availability": true, "live": true}, opts.only)
	require.Equal(t, 5, opts.rounds)
	require.Equal(t, 2*time.Second, opts.seconds)
	for _, args := range [][]string{{"-only", "lunch"}, {"-rounds", "0"}, {"-seconds", "0s"}, {"more"}} {
		_, err := parse(args, io.Discard)
		require.Error(t, err, "%v", args)
	}
	require.Equal(t, 2, run(t.Context(), []string{"-only", "lunch"}, io.Discard, io.Discard))
}

func TestRequestsDifferUntilEveryTripleWasAsked(t *testing.T) {
	t.Parallel()
	services := []string{"a", "b", "c", "d", "e"}
	a := newAsking(availabilityQuery, "office_1", "2026-11-25", calendarDays, services)
	seen := map[string]bool{}
	for range 5 * 4 * 3 {
		body := a.different(nil)
		var in struct {
			Variables struct {
				Input struct{ Concerns []struct{ Service string } }
			}
		}
		require.NoError(t, json.Unmarshal(body, &in))
		distinct := map[string]bool{}
		for _, c := range in.Variables.Input.Concerns {
			distinct[c.Service] = true
		}
		require.Len(t, distinct, 3, "%s", body)
		require.False(t, seen[string(body)], "%s", body)
		seen[string(body)] = true
	}
	require.True(t, seen[string(a.different(nil))])
}

func TestExpectShowsWhereAnswersDiffer(t *testing.T) {
	t.Parallel()
	require.NoError(t, expect(200, []byte("same"), nil, []byte("same")))
	var difference *differenceError
	require.ErrorAs(t, expect(200, []byte("longer and other"), nil, []byte("longer and longer")), &difference)
	require.ErrorContains(t, difference, "at byte 11")
	require.ErrorAs(t, expect(200, []byte("cut"), nil, []byte("cut off")), &difference)
	require.ErrorContains(t, expect(503, []byte("busy"), nil, []byte("busy")), "503")
	require.ErrorIs(t, expect(0, nil, io.EOF, nil), io.EOF)
}

func TestDriveStopsAtTheFirstDifference(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	defer server.Close()
	addr := server.Listener.Addr().String()
	echo := func(want string) turn {
		return func(c *caller, _, _ int) error {
			status, got, err := c.post("/", "key", []byte("hello"))
			return expect(status, got, err, []byte(want))
		}
	}
	o, err := drive(t.Context(), addr, 4, 0, 25, echo("hello"))
	require.NoError(t, err)
	require.Equal(t, 100, o.done)
	require.Len(t, o.times, 100)
	require.Positive(t, o.rate())

	_, err = drive(t.Context(), addr, 4, time.Minute, 0, echo("other"))
	var difference *differenceError
	require.ErrorAs(t, err, &difference)
}

func TestTownCanBeImportedAndIsTheOneThatTheBaselineKnows(t *testing.T) {
	t.Parallel()
	ours := newTown()
	file, err := ours.write(t.TempDir())
	require.NoError(t, err)
	loaded, err := townfile.LoadFile(file)
	require.NoError(t, err)
	require.Len(t, loaded.Offices, len(ours.offices))
	require.Len(t, loaded.Services, concernServices)
	for i, o := range ours.offices {
		require.Equal(t, o.slug, loaded.Offices[i].Slug)
		require.Len(t, loaded.Offices[i].Counters, o.counters)
		require.NoError(t, ours.rules(o).Check())
	}
}

func TestRushHasFortyPlacesADay(t *testing.T) {
	t.Parallel()
	ours := newTown()
	rush := ours.office("ansturm")
	from := schedule.Date{Year: 2026, Month: time.November, Day: 23}
	calendar, err := schedule.NewCalendar(ours.rules(rush), from, 3)
	require.NoError(t, err)
	var slots schedule.Slots
	request := schedule.Request{Services: []string{ours.service(0)}, Cells: serviceMinutes / 5, Online: true, Now: from.Midnight(ours.zone)}
	calendar.Fill(&slots, request, from.AddDays(1), 1, nil)
	require.Equal(t, rushPlaces, len(slots.Days[0].Starts)*rush.counters)
}

func TestTheWorstFilterOfTheQueueIsJudged(t *testing.T) {
	t.Parallel()
	filters := []backlog.Filter{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	all := make([]seen, len(filters))
	for i, slow := range []time.Duration{1100, 1400, 900} {
		for range 3 {
			all[i].add([2]latencies{{1000, 1000, 5000}, {slow, slow, 9000}})
		}
	}
	rows := queueRows(filters, all)
	require.Len(t, rows, 4)
	for i, ratio := range []float64{1.1, 1.4, 0.9, 1.4} {
		require.Equal(t, []float64{ratio, ratio, ratio}, rows[i].values)
		require.Equal(t, i == 3, rows[i].bar != nil)
	}
	require.Equal(t, "worst of 3 filters: b", rows[3].what)
	require.False(t, rows[3].bar.met(median(rows[3].values)))
}

func TestAListIsCheckedForWhatStandsBesideItsApplications(t *testing.T) {
	t.Parallel()
	list := func(n int, paid bool) (list []json.RawMessage) {
		for i := range n {
			payment := "null"
			if paid && i%2 == 0 {
				payment = `{"status":"PAID"}`
			}
			list = append(list, json.RawMessage(fmt.Sprintf(`{"id":"%d","service":{"name":"x"},"payment":%s,"lastEvent":{"action":"application.completed"}}`, i, payment)))
		}
		return list
	}
	require.NoError(t, sameHead(nil, list(10, true), 10))
	require.NoError(t, sameHead(list(10, true), list(20, true), 20))
	require.Error(t, sameHead(nil, list(9, true), 10), "one is missing")
	require.Error(t, sameHead(nil, list(10, false), 10), "the payments are missing")
	require.Error(t, sameHead(list(10, true), list(21, true)[1:], 20), "another one is the first")
	broken := list(10, true)
	broken[3] = json.RawMessage(`{"id":"3","service":{"name":"x"},"lastEvent":null}`)
	require.Error(t, sameHead(nil, broken, 10), "the last event is missing")
}

func TestFiltersAskForPagesOfTheTown(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, f := range backlog.Filters("messstadt", "service_1") {
		require.False(t, names[f.Name], f.Name)
		names[f.Name] = true
		var asked struct {
			Query     string
			Variables struct {
				In    struct{ Municipality map[string]string }
				First int
				After *string
			}
		}
		require.NoError(t, json.Unmarshal(f.Request(backlog.Query, 7, "x"), &asked))
		require.Equal(t, backlog.Query, asked.Query)
		require.Equal(t, map[string]string{"slug": "messstadt"}, asked.Variables.In.Municipality)
		require.Equal(t, 7, asked.Variables.First)
		require.Equal(t, "x", *asked.Variables.After)
		require.NotContains(t, string(f.Request(backlog.Query, 7, "")), `"after"`)
	}
	require.Len(t, names, 13)
}

func TestApplicantsHaveAnswers(t *testing.T) {
	t.Parallel()
	answers, err := sampleAnswers()
	require.NoError(t, err)
	require.True(t, json.Valid(answers))
	require.Contains(t, string(answers), "familyName")
}

func TestSocketReadsLongMessagesAndAnswersPings(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer theirs.Close()
	s := &socket{conn: ours, in: bufio.NewReader(ours)}
	defer s.close()
	long := []byte(`{"type":"next","id":"1","payload":"` + strings.Repeat("x", 70_000) + `"}`)
	failed := make(chan error, 1)
	go func() {
		frame := append([]byte{0x81, 15}, `{"type":"ping"}`...)
		_, err := theirs.Write(frame)
		pong := make([]byte, 2+4+15)
		if err == nil {
			_, err = io.ReadFull(theirs, pong)
		}
		if err == nil && !bytes.HasSuffix(pong, []byte(`{"type":"pong"}`)) {
			err = errors.New(string(pong))
		}
		if err == nil {
			_, err = theirs.Write(append([]byte{0x81, 127, 0, 0, 0, 0, 0, byte(len(long) >> 16), byte(len(long) >> 8), byte(len(long))}, long...))
		}
		failed <- err
	}()
	got, err := s.next()
	require.NoError(t, err)
	require.Equal(t, long, got)
	require.NoError(t, <-failed)
}

func TestChildrenEndWithTheirContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := bare(ctx, strings.NewReader(`{"URL":"postgres://nobody@127.0.0.1:1/none"}`), io.Discard)
	require.Error(t, err)
}

func TestTablesOfTwoRevisionsAreCompared(t *testing.T) {
	t.Parallel()
	table := func(speed, took, share float64) map[measureName]measured {
		var out bytes.Buffer
		r := &report{out: &out}
		r.add(
			row{part: "booking", what: "hold + book by HTTP", values: []float64{speed}, unit: "/s"},
			row{part: "live", what: "commit to last delivery", values: []float64{took}, unit: "ms", note: "1000 subscribers,  two blanks"},
			row{part: "booking", what: "by HTTP : bare pgx", values: []float64{share}, bar: atLeast(0.5, "")},
			row{part: "rush", what: "places given out", values: []float64{40}, bar: exactly(40)},
		)
		r.print()
		return readTable(out.String())
	}
	pair := func(speed, took, share float64) [2]map[measureName]measured {
		return [2]map[measureName]measured{table(speed, took, share), table(100, 10, 0.5)}
	}
	var out bytes.Buffer
	require.Equal(t, 1, printPairs(&out, "old", [][2]map[measureName]measured{pair(90, 12, 0.5), pair(95, 9, 0.6)}), out.String())
	require.Regexp(t, `hold \+ book by HTTP +0\.9\d +0\.90 – 0\.95 +MISSED`, out.String())
	require.Regexp(t, `commit to last delivery +0\.97 +0\.83 – 1\.11`, out.String(), "less is better")
	require.NotContains(t, out.String(), "places")
}
