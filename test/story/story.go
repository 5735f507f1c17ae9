package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Blomberg's Regionalschlüssel, and that of a town whose staff has no business there.
const blomberg, elsewhere = "057660016016", "057660044044"

// story is the cast, what they have open before them, and what they found out so far.
type story struct {
	*teller
	scene *scene

	erika *client // first without, then with her case key
	max   *client
	clerk *client
	sent  time.Time // when the last write was sent

	service  string // id of the Personalausweis
	office   office
	first    time.Time // when Erika wants to come
	then     time.Time // to when she moves
	mine     appointment
	brand    appointment // of Frau Brand, who phones
	schulze  appointment // of Herr Schulze, who phones too
	calendar *window[freeDays]
	board    *window[dayOfOffice]
	own      *window[oneAppointment]
}

// tell starts the servers of a set-up, tells the story once, and stops them. It returns an error where a step doesn't
// hold.
func tell(ctx context.Context, out io.Writer, up setUp) (err error) {
	sc, drop, err := raise(ctx, up)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	s := &story{teller: &teller{out: out, now: sc.now}, scene: sc}
	s.erika = &client{At: sc.erika(), Language: "en", http: sc.http}
	s.max = &client{At: sc.others(), Language: "en", http: sc.http}
	s.clerk = &client{At: sc.others(), Language: "de", http: sc.http}
	defer func() {
		// Where the story broke off, its error is what counts, and a window may well have ended with it.
		if closed := s.closeWindows(); err == nil {
			err = closed
		}
	}()
	defer breaksOff(&err)
	s.introduce(up)
	s.look(ctx)
	s.watch(ctx)
	s.book(ctx)
	s.move(ctx)
	s.visit(ctx)
	s.end(ctx)
	return nil
}

// introduce says where we are.
func (s *story) introduce(up setUp) {
	began := "nelke serve --demo, in an empty folder."
	if len(s.scene.running) > 1 {
		began = fmt.Sprintf("nelke migrate (%d migrations), then nelke serve --demo twice: A for Erika, B for everybody else.", s.scene.migrated)
	}
	s.title("An appointment for a Personalausweis · "+up.title, began,
		"The clock is set: it is "+s.now().Format("Monday, 2 January 2006, 15:04")+" in Blomberg.",
		"Right: the request and its answer's time. ⇒ an open WebSocket shows it, so long after the request.",
	)
}

// mismatch is a step that doesn't hold.
type mismatch struct{ error }

// breaksOff is deferred where a story is told: it makes an error of the step that didn't hold.
func breaksOff(err *error) {
	switch broken := recover().(type) {
	case nil:
	case mismatch:
		*err = broken
	default:
		panic(broken)
	}
}

// must ends the story at an error. Each step needs those before it, so there is one way out, and breaksOff is its end.
func (s *story) must(err error, format string, args ...any) {
	if err != nil {
		s.flush()
		panic(mismatch{fmt.Errorf("the story breaks off at %s: %s: %w", hour(s.now()), fmt.Sprintf(format, args...), err)})
	}
}

// check ends the story where something isn't as it must be.
func (s *story) check(holds bool, what string, expected, got any) {
	if !holds {
		found, err := json.Marshal(got)
		s.must(errors.Join(fmt.Errorf("expected %v, got %s", expected, found), err), "%s", what)
	}
}

// ask sends a query and tells of it.
func ask[T any](ctx context.Context, s *story, c *client, d document, v vars) (data T) {
	took, err := c.ask(ctx, d, v, &data)
	s.must(err, "%s", d.name())
	s.call(d.name(), c.At.Name, took)
	return data
}

// write sends a mutation under a key of its own and tells of it.
func (s *story) write(ctx context.Context, c *client, d document, input vars) written {
	if input["idempotencyKey"] == nil {
		input["idempotencyKey"] = uuid.NewString()
	}
	s.sent = time.Now()
	return ask[written](ctx, s, c, d, vars{"in": input})
}

// do is write for what must succeed with an appointment in a state. The clerk's board must come to show that state
// each time, also where the story doesn't tell of it.
func (s *story) do(ctx context.Context, c *client, name, status string, input vars) appointment {
	w := s.write(ctx, c, mutation(name), input)
	s.check(len(w.Payload.Problems) == 0, name, "no problems", w.Payload.Problems)
	s.check(w.Payload.Appointment != nil && w.Payload.Appointment.Status == status, name, status, w.Payload.Appointment)
	a := *w.Payload.Appointment
	if s.board != nil {
		_, err := s.board.await(ctx, func(d dayOfOffice) bool { return d.status(a.ID) == status })
		s.must(err, "the clerk's board after %s", name)
	}
	return a
}

// refused is write for what must be refused with a code and change nothing.
func (s *story) refused(ctx context.Context, c *client, name, code string, input vars) problem {
	w := s.write(ctx, c, mutation(name), input)
	s.check(w.Payload.Appointment == nil && len(w.Payload.Problems) == 1, name, code, w.Payload)
	s.check(w.Payload.Problems[0].Code == code, name, code, w.Payload.Problems[0])
	return w.Payload.Problems[0]
}

// watching opens a window and tells of it.
func watching[T any](ctx context.Context, s *story, c *client, d document, v vars) *window[T] {
	began := time.Now()
	w, err := open[T](ctx, c, d, v)
	s.must(err, "%s", d.name())
	_, err = w.await(ctx, func(T) bool { return true })
	s.must(err, "the first state of %s", d.name())
	s.call(d.name(), c.At.Name, time.Since(began))
	return w
}

// see waits until a window shows a state of which there is something to tell, tells it, and gives the state.
func see[T any](ctx context.Context, s *story, w *window[T], name string, telling func(T) string) T {
	shown, err := w.await(ctx, func(data T) bool { return telling(data) != "" })
	s.must(err, "%s", name)
	s.shows(name, telling(shown.Data), shown.At.Sub(s.sent))
	return shown.Data
}

// seeBoard waits until the clerk's board shows an appointment in a state.
func (s *story) seeBoard(ctx context.Context, a appointment, status string) {
	see(ctx, s, s.board, "the clerk's board", func(d dayOfOffice) string {
		if d.status(a.ID) != status {
			return ""
		}
		return onBoard(*d.find(a.ID)) + status
	})
}

// onBoard is an appointment in the words of the board, but for its state.
func onBoard(a appointment) string {
	who := "somebody"
	if a.Person != nil {
		who = a.Person.FamilyName
	}
	where := "no counter"
	if a.Counter != nil {
		where = a.Counter.Label
	}
	return fmt.Sprintf("%s  %-10s  %-10s  ", hour(a.Start), where, who)
}

// seeCalendar waits until Max's calendar fits.
func (s *story) seeCalendar(ctx context.Context, text string, fits func(freeDays) bool) {
	see(ctx, s, s.calendar, "Max's calendar", func(f freeDays) string {
		if !fits(f) {
			return ""
		}
		return text
	})
}

// seeOwn waits until Erika's own window fits.
func (s *story) seeOwn(ctx context.Context, text string, fits func(appointment) bool) {
	see(ctx, s, s.own, "Erika's window", func(o oneAppointment) string {
		if o.Appointment == nil || !fits(*o.Appointment) {
			return ""
		}
		return text
	})
}

// openCase gives a person a case of their own. The key is theirs: 256 bits, made where they are.
func (s *story) openCase(ctx context.Context, c *client) (took time.Duration) {
	bits := make([]byte, 32)
	_, _ = rand.Read(bits) // it never fails
	key := base64.RawURLEncoding.EncodeToString(bits)
	var w written
	took, err := c.ask(ctx, openCase, vars{"in": vars{
		"idempotencyKey": uuid.NewString(), "municipality": vars{"ars": blomberg}, "caseKey": key,
	}}, &w)
	s.must(err, "openCase")
	s.check(w.Payload.Case != nil && len(w.Payload.Problems) == 0, "openCase", "a case", w.Payload)
	c.Token = key
	return took
}

// concern is one Personalausweis.
func (s *story) concern() []vars { return []vars{{"service": s.service, "quantity": 1}} }

// turn sets the clock of all servers, and counts from here what windows show.
func (s *story) turn(hour, minute int) {
	s.sent = time.Now()
	s.must(s.scene.turn(hour, minute), "turning the clock")
}

// today is the day of the story.
func (s *story) today() string { return s.now().Format(time.DateOnly) }

func (s *story) closeWindows() error {
	var errs []error
	if s.calendar != nil {
		errs = append(errs, s.calendar.close())
	}
	if s.board != nil {
		errs = append(errs, s.board.close())
	}
	if s.own != nil {
		errs = append(errs, s.own.close())
	}
	return errors.Join(errs...)
}

// last is the word after the dot.
func last(action string) string {
	_, word, _ := strings.Cut(action, ".")
	return strings.ReplaceAll(word, "_", " ")
}
