#!/usr/bin/env bash
# github.com/riverqueue/river v0.51.2 with riverdriver/riversqlite, modernc.org/sqlite v1.62.0
#
# Expected: a job whose last attempt fails, and which nobody will try again, is at least a warning in the log of a client that
# was given no options about it: it is what an operator has to know.
#
# Seen: River logs it at level Info, like an attempt that will be repeated, with the same sentence. A logger that passes on
# warnings and errors alone, which is also River's own default, shows nothing when work is lost; the row is "discarded" and
# is deleted after seven days. Whoever wants to know sets an ErrorHandler and logs there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > go.mod <<'M'
module finding

go 1.25

require (
	github.com/riverqueue/river v0.51.2
	github.com/riverqueue/river/riverdriver/riversqlite v0.51.2
	modernc.org/sqlite v1.62.0
)
M
cat > main.go <<'M'
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite"
)

type letter struct{}

func (letter) Kind() string { return "letter" }

type post struct{ river.WorkerDefaults[letter] }

func (post) Work(context.Context, *river.Job[letter]) error { return errors.New("no stamps") }

// levels notes at which level the log speaks of the job.
type levels struct {
	mu   *sync.Mutex
	seen map[string]bool
}

func (levels) Enabled(context.Context, slog.Level) bool { return true }
func (l levels) WithAttrs([]slog.Attr) slog.Handler     { return l }
func (l levels) WithGroup(string) slog.Handler          { return l }
func (l levels) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if strings.Contains(a.Value.String(), "no stamps") {
			l.mu.Lock()
			l.seen[r.Level.String()+": "+r.Message] = true
			l.mu.Unlock()
		}
		return true
	})
	return nil
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func main() {
	ctx := context.Background()
	db := must(sql.Open("sqlite", "file:jobs.db?_pragma=journal_mode(WAL)"))
	db.SetMaxOpenConns(1)
	driver := riversqlite.New(db)
	must(must(rivermigrate.New(driver, nil)).Migrate(ctx, rivermigrate.DirectionUp, nil))
	workers := river.NewWorkers()
	river.AddWorker(workers, post{})
	log := levels{&sync.Mutex{}, map[string]bool{}}
	client := must(river.NewClient(driver, &river.Config{
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}}, Workers: workers, Logger: slog.New(log),
	}))
	ended, stop := client.Subscribe(river.EventKindJobFailed)
	defer stop()
	if err := client.Start(ctx); err != nil {
		panic(err)
	}
	must(client.Insert(ctx, letter{}, &river.InsertOpts{MaxAttempts: 1}))
	event := <-ended
	if err := client.Stop(ctx); err != nil {
		panic(err)
	}
	fmt.Println("after", event.Job.Attempt, "of", event.Job.MaxAttempts, "attempts the job is", event.Job.State)
	for line := range log.seen {
		fmt.Println(line)
	}
}
M
GOFLAGS=-mod=mod nice go run . | tee seen
diff seen - <<'M'
after 1 of 1 attempts the job is discarded
INFO: jobexecutor.JobExecutor: Job errored
M
