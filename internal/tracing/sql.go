package tracing

import (
	"context"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// maxStatement is how much of a statement's text a span has, in bytes: a list of a thousand placeholders says no more.
const maxStatement = 2000

// Statement begins the span of an SQL statement, nil if nothing around it is recorded. The text has placeholders where
// values are: none of the house's statements has values in it.
func (t *Tracer) Statement(ctx context.Context, system attribute.KeyValue, text string) trace.Span {
	span := t.Leaf(ctx, func() string { return summary(text) }, trace.WithSpanKind(trace.SpanKindClient))
	if span != nil {
		span.SetAttributes(system, semconv.DBQueryText(shortened(text)))
	}
	return span
}

func shortened(text string) string {
	if len(text) <= maxStatement {
		return text
	}
	end := maxStatement
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + " …"
}

// summary is what a statement does, and to which table: SELECT offices. One that begins with WITH is about what it writes.
func summary(text string) string {
	words := strings.Fields(uncommented(text))
	if len(words) == 0 {
		return "SQL"
	}
	verb := strings.ToUpper(strings.TrimRight(words[0], ";"))
	for i, word := range words[:len(words)-1] {
		does := verb
		switch strings.ToUpper(strings.TrimLeft(word, "(")) {
		case "FROM":
			if verb == "WITH" {
				continue
			}
		case "INTO":
			does = "INSERT"
		case "UPDATE":
			if i > 0 && strings.EqualFold(words[i-1], "FOR") { // a lock
				continue
			}
			does = "UPDATE"
		default:
			continue
		}
		if table := name(words[i+1]); table != "" {
			return does + " " + table
		}
	}
	return verb
}

// uncommented leaves out the comments that a statement begins with: River names its statements there.
func uncommented(text string) string {
	for {
		text = strings.TrimSpace(text)
		if !strings.HasPrefix(text, "--") {
			return text
		}
		_, text, _ = strings.Cut(text, "\n")
	}
}

// name reads the name of a table, quoted or not; empty where there is something else, a subquery say.
func name(word string) string {
	word, _, _ = strings.Cut(word, "(")
	word = strings.Trim(word, "`\",;)")
	word = strings.NewReplacer("`", "", `"`, "").Replace(word)
	for _, c := range word {
		if c != '_' && c != '.' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return ""
		}
	}
	return word
}
