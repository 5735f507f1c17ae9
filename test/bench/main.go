// Command bench measures the service against baselines of the same run: bare programs that do the same work by hand.
// Answers are compared byte for byte, SQL statements are counted on the wire, and each measure is taken several times.
//
//	script/services run -- go run ./test/bench
//	script/services run -- go run ./test/bench -only availability,booking -rounds 5 -seconds 10
//	script/services run -- go run ./test/bench -only availability -profile /tmp/profiles
//	script/services run -- go run ./test/bench -only kept,mercurius,region,entities,gateway
//	script/services run -- go run ./test/bench -only attacks
//	script/services run -- go run ./test/bench -beside 4c57230 -pairs 5
//
// Some parts run only when they are named: those of make bench/federation, which need Node, and the attacks. -beside compares with
// another revision of the repository.
// It exits with 1 when a bar is missed, and stops at once when an answer differs. The servers it measures are the
// program as the container image has it, each a process of its own; so are the baselines. Pages alone are measured inside this program,
// beside their baseline. All of them, the load and the databases share the machine, so only ratios of one run say anything.
//
// The reading order: parts.go has the parts, and each part a file. stage.go builds the program and prepares the
// database; town.go is the town in it, backlog/ what fills a work queue; load.go asks, the same for both sides; side.go
// asks several sides by turns, sizes.go one in several sizes; trial.go and replay.go send to PostgreSQL what tap/ heard a
// server send; profiled.go is the service inside this program; mercurius/ is the service of another make; report.go judges;
// attack*.go is what one client may not do to the others; beside.go compares revisions.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are what can be set on the command line.
type options struct {
	only    map[string]bool // empty: every part
	rounds  int
	seconds time.Duration // of load a round
	short   bool
	profile string // folder; empty: none
	beside  string // a revision to compare with; empty: none
	pairs   int    // of runs, one of each
	attack  string // of those of attacks, what the name holds; empty: all
}

// names are the parts that run.
func (o options) names() (names []string) {
	for _, p := range parts() {
		if o.only[p.name] || !p.extra && len(o.only) == 0 {
			names = append(names, p.name)
		}
	}
	return names
}

func main() {
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, release)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program without the process around it. 2: the command line makes no sense.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	if len(args) > 0 {
		if child := children()[args[0]]; child != nil {
			return fail(errOut, child(ctx, os.Stdin, out))
		}
	}
	opts, err := parse(args, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	if opts.beside != "" {
		missed, err := beside(ctx, opts, out, errOut)
		if err == nil && missed > 0 {
			err = fmt.Errorf("%d measures are worse in every pair", missed)
		}
		return fail(errOut, err)
	}
	results := &report{out: out}
	if err := measure(ctx, opts, results, errOut); err != nil {
		return fail(errOut, err)
	}
	if results.print() > 0 {
		return 1
	}
	return 0
}

func fail(errOut io.Writer, err error) int {
	if err != nil {
		fmt.Fprintln(errOut, "bench:", err)
		return 1
	}
	return 0
}

func parse(args []string, errOut io.Writer) (options, error) {
	opts := options{only: map[string]bool{}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errOut)
	only := flags.String("only", "", "parts to run, separated by commas: "+strings.Join(partNames(), ", "))
	flags.IntVar(&opts.rounds, "rounds", 3, "how often each measure is taken")
	flags.DurationVar(&opts.seconds, "seconds", 5*time.Second, "how long a round of load lasts, such as 10s")
	flags.BoolVar(&opts.short, "short", false, "tiny rounds, to see that everything works; the figures mean nothing")
	flags.StringVar(&opts.profile, "profile", "", "folder for CPU profiles of the servers of availability, listing, pages, booking, apply and calendar, which then run inside this program")
	flags.StringVar(&opts.beside, "beside", "", "a revision of this repository whose own measures are taken by turns with these, to be compared")
	flags.IntVar(&opts.pairs, "pairs", 5, "how many runs of each are compared, with -beside")
	flags.StringVar(&opts.attack, "attack", "", "of the part attacks, only those whose name holds this")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	if opts.short {
		opts.rounds, opts.seconds = 1, 300*time.Millisecond
	}
	for _, name := range strings.FieldsFunc(*only, func(r rune) bool { return r == ',' || r == ' ' }) {
		if !known(name) {
			err := fmt.Errorf("there is no part %q", name)
			fmt.Fprintln(errOut, "bench:", err)
			return opts, err
		}
		opts.only[name] = true
	}
	if flags.NArg() > 0 || opts.rounds < 1 || opts.seconds <= 0 {
		err := errors.New("rounds and seconds must be above zero, and nothing follows the flags")
		fmt.Fprintln(errOut, "bench:", err)
		return opts, err
	}
	return opts, nil
}

// measure runs the parts that were asked for, in their order.
func measure(ctx context.Context, opts options, results *report, progress io.Writer) (err error) {
	s, err := newStage(ctx, opts, progress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for _, part := range parts() {
		if !slices.Contains(opts.names(), part.name) {
			continue
		}
		fmt.Fprintf(progress, "bench: %s\n", part.name)
		if err := part.run(ctx, s, results); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}
