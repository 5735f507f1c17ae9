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

// story is one telling on one set-up: the servers, the cast, and what belongs to more than one part.
type story struct {
	*teller
	up    setUp
	scene *scene
	sent  time.Time // when the last write was sent

	erika     *client // first without, then with her case key
	max       *client // the same
	clerk     *client
	colleague *client
	browser   *browser
	people    []*client // all who opened a case
	receipts  []receipt // all pages to pay on that were opened
	queue     *window[workQueue]
	windows   []func() error // what closes them
}

// part is one of the stories of a run. Each can be played alone.
type part func(context.Context, *story)

// whole is all of them, in the order of the day.
func whole() []part {
	return []part{personalausweis, meldebescheinigung, sterbeurkunde, withdrawal, everyService, accounts}
}

// tell starts the servers of a set-up, plays the parts, and stops them. It returns an error where a step doesn't hold.
func tell(ctx context.Context, out io.Writer, up setUp, parts ...part) (err error) {
	sc, drop, err := raise(ctx, up)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	s := &story{teller: &teller{out: out, now: sc.now}, up: up, scene: sc, browser: newBrowser(sc.running, "en", sc.http)}
	s.erika = &client{At: sc.first(), Language: "en", http: sc.http}
	s.max = &client{At: sc.second(), Language: "en", http: sc.http}
	defer func() {
		// Where the story broke off, its error is what counts, and a window may well have ended with it.
		if closed := s.closeWindows(); err == nil {
			err = closed
		}
	}()
	defer breaksOff(&err)
	s.clerk = s.staff("Frau Amtmann", "CLERK@"+blomberg).speaking("de")
	s.colleague = s.staff("Herr Stempel", "CLERK@"+blomberg).speaking("de")
	for _, tell := range parts {
		tell(ctx, s)
	}
	return nil
}

// staff is somebody of a town hall, at the process at which they all are.
func (s *story) staff(name, role string) *client {
	token, err := s.scene.token(name, role)
	s.must(err, "nelke token")
	return &client{At: s.scene.second(), Token: token, Language: "en", http: s.scene.http}
}

// mismatch is a step that doesn't hold.
type mismatch struct{ error }

// breaksOff is deferred where a story is played: it makes an error of the step that didn't hold.
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

// ask sends a query and prints it.
func ask[T any](ctx context.Context, s *story, c *client, d document, v vars) (data T) {
	took, err := c.ask(ctx, d, v, &data)
	s.must(err, "%s", d.name())
	s.call(d.name(), c.At.Name, took)
	return data
}

// quietly sends a query of which there is nothing to tell.
func quietly[T any](ctx context.Context, s *story, c *client, d document, v vars) (data T) {
	_, err := c.ask(ctx, d, v, &data)
	s.must(err, "%s", d.name())
	return data
}

// write sends a mutation under a key of its own and prints it.
func (s *story) write(ctx context.Context, c *client, d document, input vars) written {
	if input["idempotencyKey"] == nil {
		input["idempotencyKey"] = uuid.NewString()
	}
	s.sent = time.Now()
	return ask[written](ctx, s, c, d, vars{"in": input})
}

// refused is write for what must be refused with a code and change nothing.
func (s *story) refused(ctx context.Context, c *client, d document, code string, input vars) problem {
	w := s.write(ctx, c, d, input)
	nothing := w.Payload.Appointment == nil && w.Payload.Application == nil && w.Payload.Payment == nil
	s.check(nothing && len(w.Payload.Problems) == 1, d.name(), code, w.Payload)
	s.check(w.Payload.Problems[0].Code == code, d.name(), code, w.Payload.Problems[0])
	return w.Payload.Problems[0]
}

// watching opens a window and prints it.
func watching[T any](ctx context.Context, s *story, c *client, d document, v vars) *window[T] {
	began := time.Now()
	w, err := open[T](ctx, c, d, v)
	s.must(err, "%s", d.name())
	s.windows = append(s.windows, w.close)
	_, err = w.await(ctx, func(T) bool { return true })
	s.must(err, "the first state of %s", d.name())
	s.call(d.name(), c.At.Name, time.Since(began))
	return w
}

// see waits until a window shows a state worth printing, prints it, and returns the state.
func see[T any](ctx context.Context, s *story, w *window[T], name string, telling func(T) string) T {
	shown, err := w.await(ctx, func(data T) bool { return telling(data) != "" })
	s.must(err, "%s", name)
	s.shows(name, telling(shown.Data), shown.At.Sub(s.sent))
	return shown.Data
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
	s.people = append(s.people, c)
	return took
}

// turn sets the clock of all servers, and counts from here what windows show.
func (s *story) turn(hour, minute int) {
	s.sent = time.Now()
	s.must(s.scene.turn(hour, minute), "turning the clock")
}

// today is the day of the story.
func (s *story) today() string { return s.now().Format(time.DateOnly) }

// aside goes on without telling. Where a step doesn't hold, its error says whose it was.
func (s *story) aside(whose string, tell func()) {
	told := s.teller
	s.teller = &teller{out: io.Discard, now: told.now}
	defer func() {
		s.teller = told
		switch broken := recover().(type) {
		case nil:
		case mismatch:
			panic(mismatch{fmt.Errorf("%s: %w", whose, broken)})
		default:
			panic(broken)
		}
	}()
	tell()
}

func (s *story) closeWindows() error {
	var errs []error
	for _, closes := range s.windows {
		errs = append(errs, closes())
	}
	return errors.Join(errs...)
}

// last is the word after the dot.
func last(action string) string {
	_, word, _ := strings.Cut(action, ".")
	return strings.ReplaceAll(word, "_", " ")
}
