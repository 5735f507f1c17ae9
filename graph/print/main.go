// Command print writes the graph's schema to a file, for go generate: nelke schema prints the same, but needs pages that were generated of it.
package main

import (
	"flag"
	"fmt"
	"os"

	"nelke/graph"
)

func main() {
	out := flag.String("out", "", "the file")
	api := flag.Bool("api", false, "as clients see it, without what gateways alone need")
	flag.Parse()
	schema := graph.SDL()
	if *api {
		schema = graph.API()
	}
	if err := os.WriteFile(*out, []byte(schema), 0o644); err != nil { //nolint:gosec // everybody may read it
		fmt.Fprintln(os.Stderr, "print:", err)
		os.Exit(1)
	}
}
