package catalogue

import (
	"encoding/base64"
	"strings"

	"nelke/internal/problem"
)

// Page is what a client asks of a connection: at most First entries (1 to 100, 20 unless given) after a cursor.
type Page struct {
	First *int
	After *string
}

// Connection is one page. Cursors[i] belongs to Nodes[i].
type Connection[T any] struct {
	Nodes   []T
	Cursors []string
	Before  bool // whether entries stand before the page
	After   bool // whether entries follow it
	Total   int
	All     []T // on all pages
}

// MunicipalityConnection is a page of towns.
type MunicipalityConnection = Connection[*Town]

// ServiceConnection is a page of public services.
type ServiceConnection = Connection[*Service]

// pageOf cuts a page out of entries that are sorted by the strings of place.
func pageOf[T any](page Page, all []T, list string, place func(T) string) (*Connection[T], error) {
	first := 20
	if page.First != nil {
		first = *page.First
	}
	if first < 1 || first > 100 {
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: 100, Path: []string{"first"}}
	}
	from := 0
	if page.After != nil {
		decoded, err := base64.RawURLEncoding.DecodeString(*page.After)
		after, ours := strings.CutPrefix(string(decoded), list)
		if err != nil || !ours {
			return nil, problem.Invalid(problem.RuleCursor, "after")
		}
		for from < len(all) && place(all[from]) <= after {
			from++
		}
	}
	nodes := all[from:min(from+first, len(all))]
	c := &Connection[T]{Nodes: nodes, Before: from > 0, After: from+len(nodes) < len(all), Total: len(all), All: all}
	for _, node := range nodes {
		c.Cursors = append(c.Cursors, base64.RawURLEncoding.EncodeToString([]byte(list+place(node))))
	}
	return c, nil
}
