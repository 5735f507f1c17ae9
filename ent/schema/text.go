// Package schema is the shape of the database, written by hand. It imports nothing of ours:
// hooks and policies would hide rules from internal/portal, where all of them stand.
package schema

// Text is one text in several languages, by ISO 639-1 code ("de", "en").
type Text map[string]string

// Section is one part of what must be read before applying. The body is Markdown.
type Section struct {
	Title Text `json:"title"`
	Body  Text `json:"body"`
}

// Link leads to somebody else's page.
type Link struct {
	URL   string `json:"url"`
	Label Text   `json:"label"`
}

// Concern is one reason for a visit: a public service, for how many people or documents,
// and the minutes that this took when the time was held.
type Concern struct {
	Service  string `json:"service"`
	Quantity int    `json:"quantity"`
	Minutes  int    `json:"minutes"`
}

// FeeRules say which answers change a fee. Both name answers by JSON pointer.
type FeeRules struct {
	// Copies points at the number of copies wanted.
	Copies string `json:"copies,omitempty"`
	// FreeWhen lists, per pointer, the answers that make the service free.
	FreeWhen map[string][]string `json:"freeWhen,omitempty"`
}

// Span is a stretch of a day in minutes of the wall clock since 00:00, To excluded.
type Span struct {
	From int `json:"from"`
	To   int `json:"to"`
}
