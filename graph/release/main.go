// Command release keeps docs/schema.released.graphql, the schema that clients build on. With --check it fails where
// docs/schema.graphql would break one of them; without, it makes the present schema the released one.
package main

import (
	"flag"
	"fmt"
	"os"

	"nelke/graph"
)

const (
	released = "docs/schema.released.graphql"
	current  = "docs/schema.graphql"
)

func main() {
	check := flag.Bool("check", false, "only look for what would break clients of the released schema")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(check bool) error {
	now, err := os.ReadFile(current)
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(released, now, 0o644) //nolint:gosec // a document for everybody
	}
	before, err := os.ReadFile(released)
	if err != nil {
		return err
	}
	was, err := graph.LoadSDL(released, string(before))
	if err != nil {
		return err
	}
	is, err := graph.LoadSDL(current, string(now))
	if err != nil {
		return err
	}
	changes := breaking(was, is)
	for _, change := range changes {
		fmt.Fprintln(os.Stdout, change)
	}
	if len(changes) > 0 {
		return fmt.Errorf("%d changes would break clients of %s; make release, once all of them know", len(changes), released)
	}
	return nil
}
