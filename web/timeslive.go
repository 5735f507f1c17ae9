package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"sync"
	"time"
	"weak"

	"nelke/web/api"
	"nelke/web/view"
)

// timesLive sends the days anew whenever a time is taken or comes free.
func (v *visit) timesLive() error {
	q, err := v.wants(v.r.URL.Query())
	if err != nil {
		return err
	}
	if q.office == nil || len(q.concerns) == 0 {
		return errNotFound
	}
	from, form := v.r.URL.Query().Get("ab"), v.r.URL.Query().Get("ansicht")
	page := &view.Page{Lang: v.lang, Base: v.base, Now: v.site.cfg.Now()}
	states, err := v.site.times.of(page, q, from, form)
	if err != nil {
		return err
	}
	var now *timesState
	read := func(calendar *api.Calendar) (*timesState, error) {
		if now != nil {
			from = now.times.Calendar.FirstDay() // the page stays where it is when its first day is full
		}
		times := v.timesOf(q, calendar, from, form)
		if now != nil {
			times.Since(now.times)
		}
		var fragment bytes.Buffer
		page.Now = v.site.cfg.Now()
		if err := view.TimesFragment(page, times).Render(v.r.Context(), &fragment); err != nil {
			return nil, err
		}
		return &timesState{times: times, event: eventOf("", fragment.String())}, nil
	}
	stream := v.stream()
	variables := map[string]any{"office": q.office.Id, "concerns": q.inputs(), "days": daysShown}
	err = v.public().subscribe(v.r.Context(), "TimesLive", api.TimesLive_Operation, variables, stream, func(answer []byte) error {
		next, err := states.after(answer, read)
		if err != nil {
			return err
		}
		news := now == nil || !bytes.Equal(now.event, next.event)
		now, states = next, &next.next
		if !news {
			return nil
		}
		return stream.sendEvent(next.event)
	})
	return stream.end(err)
}

// timesState is a state of the free times as it was shown. All who came to it by the same states before share it: it is read and rendered
// once for them, whoever they are.
type timesState struct {
	answer []byte // of the graph
	times  *view.FreeTimes
	event  []byte
	next   timesStates
}

// timesStates finds the state that follows from an answer. It refers to it weakly: a state is freed with the last open page that shows it.
type timesStates struct {
	mu     sync.Mutex
	latest weak.Pointer[timesState]
}

// after returns the state that an answer leads to, which read makes where nobody has come to it before.
func (s *timesStates) after(answer []byte, read func(*api.Calendar) (*timesState, error)) (*timesState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state := s.latest.Value(); state != nil && bytes.Equal(state.answer, answer) {
		return state, nil
	}
	got, err := decoded[api.TimesLiveResponse](answer)
	if err != nil {
		return nil, err
	}
	if got.Availability == nil {
		return nil, errors.New("no availability")
	}
	state, err := read(got.Availability)
	if err != nil {
		return nil, err
	}
	state.answer = bytes.Clone(answer)
	s.latest = weak.Make(state)
	return state, nil
}

// mostViews is how many views of free times have their first states found. Beyond that some are read and rendered anew.
const mostViews = 1000

// timesViews have the first states of the free times, by all that they depend on besides the graph's answer.
type timesViews struct {
	mu    sync.Mutex
	first map[[sha256.Size]byte]*timesStates
}

// of returns the first states of the free times that a page shows: those of an office for some concerns, from a day on, in a form.
func (t *timesViews) of(p *view.Page, q *wanted, from, form string) (*timesStates, error) {
	zone, err := time.LoadLocation(q.town.TimeZone)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal([]any{
		p.Lang, p.Base, p.Now.In(zone).Format(time.DateOnly), q.office.OfficePlace, q.concerns, q.query(), q.town.TimeZone, from, form,
	})
	if err != nil {
		return nil, err
	}
	key := sha256.Sum256(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	states := t.first[key]
	if states == nil {
		if t.first == nil || len(t.first) >= mostViews {
			t.first = map[[sha256.Size]byte]*timesStates{}
		}
		states = &timesStates{}
		t.first[key] = states
	}
	return states, nil
}
