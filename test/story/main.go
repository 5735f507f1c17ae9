// Command story plays a day of the town: an appointment for a Personalausweis, a Meldebescheinigung that is paid and
// comes by post, a Sterbeurkunde in two copies, one who changes her mind, and every online service to its end. It does so
// over HTTP and WebSocket, with a browser where people need one, against servers that it starts itself, once on the
// embedded default and once on PostgreSQL and Redis with two processes. Each step is checked; one that doesn't hold ends
// the story with exit status 1.
//
// The reading order: story.go has the cast, the order of the parts and how steps are checked. personalausweis.go with
// look.go, book.go and visit.go is the first part, meldebescheinigung.go with office.go the second; sterbeurkunde.go,
// withdrawal.go, services.go and accounts.go follow. What the parts about applications share stands in apply.go and
// pay.go. scene.go starts the servers, process.go and serve.go being the two ends of one. client.go, window.go and
// browser.go talk to them, in the words of document.go and filing.go, and teller.go prints.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// serveCommand is the argument with which the program starts itself as one of its servers.
const serveCommand = "serve"

func main() {
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, release)
	if len(os.Args) == 2 && os.Args[1] == serveCommand {
		os.Exit(report(serve(ctx, os.Stdin, os.Stdout, os.Stderr)))
	}
	os.Exit(report(both(ctx, os.Stdout)))
}

func report(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// both plays the story on the embedded default, then on PostgreSQL and Redis.
func both(ctx context.Context, out io.Writer) (err error) {
	maintenance, redis := os.Getenv("NELKE_TEST_DATABASE_URL"), os.Getenv("NELKE_TEST_REDIS_URL")
	if maintenance == "" || redis == "" {
		return errors.New("NELKE_TEST_DATABASE_URL and NELKE_TEST_REDIS_URL are unset: script/services run -- go run ./test/story")
	}
	began := time.Now()
	if err := tell(ctx, out, embedded(), whole()...); err != nil {
		return err
	}
	database, drop, err := freshDatabase(ctx, maintenance)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	if err := tell(ctx, out, atScale(database, redis), whole()...); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\n  Told twice in %.1f s; every step was checked.\n", time.Since(began).Seconds())
	return err
}
