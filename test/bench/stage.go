package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nelke/internal/schedule"
)

// stage is what the parts work with: the program as it ships, a folder, and the servers of this run.
type stage struct {
	opts     options
	progress io.Writer
	folder   string
	program  string // the static binary
	self     string
	town     town
	began    time.Time
	admin    string // URL of the maintenance database
	redis    string

	kept map[string]*database // by name; made when they are first asked for
	made []*database
}

func newStage(ctx context.Context, opts options, progress io.Writer) (_ *stage, err error) {
	s := &stage{
		opts: opts, progress: progress, town: newTown(), began: time.Now(), kept: map[string]*database{},
		admin: os.Getenv("NELKE_TEST_DATABASE_URL"), redis: os.Getenv("NELKE_TEST_REDIS_URL"),
	}
	if s.admin == "" || s.redis == "" {
		return nil, errors.New("NELKE_TEST_DATABASE_URL or NELKE_TEST_REDIS_URL is unset: script/services run -- go run ./test/bench")
	}
	if s.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if s.folder, err = os.MkdirTemp("", "nelke-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(s.folder))
		}
	}()
	if opts.profile != "" {
		if err := os.MkdirAll(opts.profile, 0o750); err != nil {
			return nil, err
		}
	}
	return s, s.build(ctx)
}

// build makes the program by the Makefile's own command, into our folder.
func (s *stage) build(ctx context.Context) error {
	dry := exec.CommandContext(ctx, "make", "--no-print-directory", "--dry-run", "build")
	// Within `make bench` the outer make's flags would reach this one.
	dry.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "MAKE") || strings.HasPrefix(entry, "MFLAGS") })
	words, err := dry.Output()
	if err != nil {
		return fmt.Errorf("ask make how to build (run this in the root of the repository): %w", err)
	}
	s.program = filepath.Join(s.folder, "nelke")
	command := strings.Replace(string(words), "-o bin/nelke", "-o "+s.program, 1)
	if !strings.Contains(command, s.program) {
		return fmt.Errorf("the Makefile builds otherwise than by -o bin/nelke: %s", words)
	}
	build := exec.CommandContext(ctx, "bash", "-euc", command)
	build.Stdout, build.Stderr = s.progress, s.progress
	if err := build.Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	return nil
}

// close drops what was made. It doesn't follow the run's context, which may have ended.
func (s *stage) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var errs []error
	for _, d := range slices.Backward(s.made) {
		errs = append(errs, s.drop(ctx, d))
	}
	return errors.Join(append(errs, os.RemoveAll(s.folder))...)
}

func (s *stage) now() time.Time       { return s.began }
func (s *stage) today() schedule.Date { return schedule.DateOf(s.began, s.town.zone) }

// from is a day so far ahead that no start of it becomes too soon while we measure.
func (s *stage) from() schedule.Date { return s.today().AddDays(2) }

// command runs the program with an environment, to its end.
func (s *stage) command(ctx context.Context, environment []string, args ...string) error {
	cmd := exec.CommandContext(ctx, s.program, args...)
	cmd.Env = append(os.Environ(), environment...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nelke %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
