package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"nelke/internal/schedule"
	"nelke/server"
)

// bareCommand is the argument with which this program becomes the baseline.
const bareCommand = "bare"

// bareSettings come to the baseline by its standard input.
type bareSettings struct {
	Addr   string
	URL    string // of the database
	Office string // slug
	SQL    string // the server's own statement: counters, first cell, last cell, now
	Today  string
	Body   []byte // what the handler from memory answers
}

// maxConns is the server's own default.
func maxConns() int { return max(8, 6*runtime.GOMAXPROCS(0)) }

// bare answers the same requests as the service with the same bytes, by hand: net/http, a pool of pgx, one statement,
// JSON put together as it goes. It is what a good engineer would write if this were all that the service had to do: no
// graph, no middleware, nothing remembered but the office's rules.
func bare(ctx context.Context, in io.Reader, _ io.Writer) error {
	var c bareSettings
	if err := json.NewDecoder(in).Decode(&c); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	b, err := newBareOffice(ctx, c)
	if err != nil {
		return err
	}
	defer b.pool.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /graphql", b.answer(encodeStarts))
	mux.HandleFunc("POST /slots", b.answer(encodeSlots))
	mux.Handle("/memory", server.Middleware(slog.New(slog.NewJSONHandler(os.Stderr, nil)))(fromMemory(c.Body)))
	server := &http.Server{Addr: c.Addr, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	done := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer done()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func fromMemory(body []byte) http.Handler {
	length := []string{strconv.Itoa(len(body))}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header["Content-Type"] = []string{"application/json; charset=utf-8"}
		header["Cache-Control"] = []string{"private, no-store"}
		header["Content-Length"] = length
		_, _ = w.Write(body)
	})
}

// bareOffice is the office that is asked for.
type bareOffice struct {
	pool     *pgxpool.Pool
	sql      string
	id       string
	minutes  map[string]int // by service
	counters []int64
	calendar *schedule.Calendar
	zone     *time.Location
	memory   sync.Pool
}

// work is memory that one request uses and the next one uses again.
type work struct {
	busy  []schedule.Allocation
	slots schedule.Slots
	out   []byte
}

func newBareOffice(ctx context.Context, c bareSettings) (*bareOffice, error) {
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(maxConns())
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	t := newTown()
	b := &bareOffice{pool: pool, sql: c.SQL, zone: t.zone, minutes: map[string]int{}, memory: sync.Pool{New: func() any { return &work{} }}}
	if err := pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error { return b.read(ctx, conn.Conn(), t, c) }); err != nil {
		pool.Close()
		return nil, err
	}
	return b, nil
}

// read reads the rules' ids; the rules themselves are the ones that the town was imported with.
func (b *bareOffice) read(ctx context.Context, conn *pgx.Conn, t town, settings bareSettings) error {
	offices, err := ids(ctx, conn, "offices")
	if err != nil {
		return err
	}
	services, err := ids(ctx, conn, "public_services")
	if err != nil {
		return err
	}
	o := t.office(settings.Office)
	b.id = offices[o.slug]
	if b.counters, err = numbers(ctx, conn, o.slug); err != nil {
		return err
	}
	rules := t.rules(o)
	var served []string
	for _, id := range services {
		b.minutes[id] = serviceMinutes
		served = append(served, id)
	}
	for i := range rules.Counters {
		rules.Counters[i].Number, rules.Counters[i].Services = b.counters[i], served
	}
	from, err := schedule.ParseDate(settings.Today)
	if err != nil {
		return err
	}
	b.calendar, err = schedule.NewCalendar(rules, from, o.horizon+2)
	return err
}

// answer answers requests with what is selected of the days.
func (b *bareOffice) answer(encode encoding) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { b.availability(w, r, encode) }
}

func (b *bareOffice) availability(w http.ResponseWriter, r *http.Request, encode encoding) {
	text, err := io.ReadAll(r.Body)
	var in struct {
		Variables struct {
			Input struct {
				Office   string        `json:"office"`
				From     schedule.Date `json:"from"`
				Days     int           `json:"days"`
				Concerns []struct {
					Service string `json:"service"`
				} `json:"concerns"`
			} `json:"input"`
		} `json:"variables"`
	}
	if err == nil {
		err = json.Unmarshal(text, &in)
	}
	input := in.Variables.Input
	if err != nil || input.Office != b.id {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	req := schedule.Request{Now: time.Now(), Online: true}
	for _, c := range input.Concerns {
		req.Services = append(req.Services, c.Service)
		req.Cells += b.minutes[c.Service] / 5
	}
	m := b.memory.Get().(*work)
	defer b.memory.Put(m)
	lo, hi := b.calendar.Cells(input.From, input.Days)
	if m.busy, err = b.taken(r.Context(), m.busy[:0], lo, hi, req.Now); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	b.calendar.Fill(&m.slots, req, input.From, input.Days, m.busy)
	m.out = encode(m.out[:0], m.slots.Days, req.Cells)
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(m.out)))
	_, _ = w.Write(m.out)
}

func (b *bareOffice) taken(ctx context.Context, busy []schedule.Allocation, lo, hi int64, now time.Time) ([]schedule.Allocation, error) {
	rows, err := b.pool.Query(ctx, b.sql, b.counters, lo, hi, now)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var cell schedule.Allocation
		var held *time.Time
		if err := rows.Scan(&cell.Counter, &cell.Cell, &held); err != nil {
			return nil, err
		}
		busy = append(busy, cell)
	}
	return busy, rows.Err()
}

// encoding appends the answer for something that takes so many cells.
type encoding func(b []byte, days []schedule.Day, cells int) []byte

func encodeStarts(b []byte, days []schedule.Day, _ int) []byte {
	b = append(b, `{"data":{"availability":{"days":[`...)
	for i := range days {
		day := &days[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, `{"date":"`...), day.Date.String()...), `","starts":[`...)
		for j, start := range day.Starts {
			if j > 0 {
				b = append(b, ',')
			}
			b = day.At(start).AppendFormat(append(b, '"'), time.RFC3339)
			b = append(b, '"')
		}
		b = append(b, `]}`...)
	}
	return append(b, `]}}}`...)
}

func encodeSlots(b []byte, days []schedule.Day, cells int) []byte {
	length := time.Duration(cells) * 5 * time.Minute
	b = append(b, `{"data":{"availability":{"days":[`...)
	for i := range days {
		day := &days[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, `{"date":"`...), day.Date.String()...), `","slots":[`...)
		for j, start := range day.Starts {
			if j > 0 {
				b = append(b, ',')
			}
			at := day.At(start)
			b = at.AppendFormat(append(b, `{"start":"`...), time.RFC3339)
			b = at.Add(length).AppendFormat(append(b, `","end":"`...), time.RFC3339)
			b = strconv.AppendInt(append(b, `","counters":`...), int64(day.Counters(start)), 10)
			b = append(b, `,"reason":null}`...)
		}
		b = append(b, `]}`...)
	}
	return append(b, `]}}}`...)
}
