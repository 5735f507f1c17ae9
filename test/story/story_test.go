package main

import (
	"bytes"
	"context"
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

// holds tells the story and looks at it as a reader does.
func holds(t *testing.T, up setUp) {
	t.Helper()
	var told bytes.Buffer
	err := tell(t.Context(), &told, up)
	require.NoError(t, err, "%s", told.String())
	require.Contains(t, told.String(), "no fault; the chain is whole.")
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
}
