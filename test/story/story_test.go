package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nelke/internal/testbed"
)

// TestMain is also how the story's servers start: they are this program again.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == serveCommand {
		ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		context.AfterFunc(ctx, release)
		os.Exit(report(serve(ctx, os.Stdin, os.Stdout, os.Stderr)))
	}
	goleak.VerifyTestMain(m)
}

func TestStory(t *testing.T) {
	t.Parallel()

	t.Run("holds on the embedded default", func(t *testing.T) {
		t.Parallel()
		holds(t, embedded())
	})
	t.Run("holds on PostgreSQL and Redis with two processes", func(t *testing.T) {
		t.Parallel()
		holds(t, atScale(testbed.Postgres(t), testbed.Redis(t).URL()))
	})
}

// holds plays the story and looks at it as a reader does.
func holds(t *testing.T, up setUp) {
	t.Helper()
	var told bytes.Buffer
	err := tell(t.Context(), &told, up, whole()...)
	require.NoError(t, err, "%s", told.String())
	for _, end := range []string{
		"Tschüss, Erika", "13 of its 30 services", "received €139.00  =  kept €130.00  +  given back €9.00", "no fault; the chain is whole.",
	} {
		require.Contains(t, told.String(), end)
	}
	for line := range strings.Lines(told.String()) {
		require.LessOrEqual(t, len([]rune(line)), width+1, line)
	}
}

func TestStep(t *testing.T) {
	t.Parallel()

	told := func(tell func(*story)) (err error) {
		var out bytes.Buffer
		s := &story{teller: &teller{out: &out, now: func() time.Time { return time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC) }}}
		defer breaksOff(&err)
		tell(s)
		return nil
	}
	t.Run("that does not hold ends the story with what was expected and what came", func(t *testing.T) {
		t.Parallel()
		err := told(func(s *story) {
			s.check(true, "holdSlot", "HELD", "HELD")
			s.check(false, "holdSlot", "HELD", "EXPIRED")
			t.Error("the story goes on")
		})
		require.EqualError(t, err, "the story breaks off at 09:30: holdSlot: expected HELD, got \"EXPIRED\"")
	})
	t.Run("that does not hold is told with whose it was where nothing else is told", func(t *testing.T) {
		t.Parallel()
		err := told(func(s *story) {
			s.aside("briefwahlantrag", func() { s.check(false, "openSteps", "none", "PAY") })
			t.Error("the story goes on")
		})
		require.EqualError(t, err, "briefwahlantrag: the story breaks off at 09:30: openSteps: expected none, got \"PAY\"")
	})
	t.Run("that does not hold makes the program's exit status 1", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, 1, report(told(func(s *story) { s.check(false, "holdSlot", "HELD", "EXPIRED") })))
		require.Zero(t, report(told(func(s *story) { s.check(true, "holdSlot", "HELD", "HELD") })))
	})
	t.Run("that panics is no step that does not hold", func(t *testing.T) {
		t.Parallel()
		require.PanicsWithValue(t, "a bug", func() { _ = told(func(*story) { panic("a bug") }) })
	})
}

func TestStart(t *testing.T) {
	t.Parallel()

	t.Run("says what a server logged that can't begin", func(t *testing.T) {
		t.Parallel()
		_, err := start("A", settings{Data: t.TempDir(), RedisURL: "not a URL", RedisPrefix: "story"}, 0)
		require.ErrorContains(t, err, "start process A: it ended")
		require.ErrorContains(t, err, "REDIS_URL must be a URL")
	})

	t.Run("that fails is the story's error", func(t *testing.T) {
		t.Parallel()
		up := embedded()
		up.redisURL = "not a URL"
		require.ErrorContains(t, tell(t.Context(), io.Discard, up), "REDIS_URL must be a URL")
	})
}
