package graph

import (
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// checkSurrogates refuses a document in which half a surrogate pair is escaped, which stands for no character (September 2025,
// 2.10.4); the parser reads it as U+FFFD. The document is one that it could read.
func checkSurrogates(document string) *gqlerror.Error {
	if !strings.Contains(document, `\u`) {
		return nil
	}
	at := loneSurrogate(document)
	if at < 0 {
		return nil
	}
	before := document[:at]
	err := refusal(errcode.ParseFailed, "The escape %s is half of a surrogate pair, and no character.", document[at:at+len(`\u0000`)])
	err.Locations = []gqlerror.Location{{
		Line: 1 + strings.Count(before, "\n"), Column: 1 + len([]rune(before[strings.LastIndexByte(before, '\n')+1:])),
	}}
	return err
}

// loneSurrogate returns where the first such escape stands in a document; -1: there is none. Comments and block strings have no
// escapes of characters.
func loneSurrogate(document string) int {
	for i := 0; i < len(document); i++ {
		rest := document[i:]
		switch {
		case rest[0] == '#':
			end := strings.IndexAny(rest, "\r\n")
			if end < 0 {
				return -1
			}
			i += end
		case strings.HasPrefix(rest, `"""`):
			i += blockEnd(rest)
		case rest[0] == '"':
			at, end := inString(rest)
			if at >= 0 {
				return i + at
			}
			i += end
		}
	}
	return -1
}

// blockEnd returns where the last character of the block string stands that a text begins with.
func blockEnd(text string) int {
	for i := len(`"""`); i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], `\"""`):
			i += len(`\"""`) - 1
		case strings.HasPrefix(text[i:], `"""`):
			return i + len(`"""`) - 1
		}
	}
	return len(text)
}

// inString returns where the first half of a pair stands in the string that a text begins with, -1 for none, and where the
// string ends.
func inString(text string) (at, end int) {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return -1, i
		case '\\':
			first, ok := escaped(text[i:])
			second, paired := escaped(text[min(len(text), i+len(`\u0000`)):])
			switch {
			case !ok || first < 0xd800 || first > 0xdfff:
				i++
			case first < 0xdc00 && paired && second >= 0xdc00 && second <= 0xdfff:
				i += 2*len(`\u0000`) - 1
			default:
				return i, 0
			}
		}
	}
	return -1, len(text)
}

// escaped returns the number of the escape with four digits that a text begins with.
func escaped(text string) (number uint64, ok bool) {
	if len(text) < len(`\u0000`) || text[:2] != `\u` {
		return 0, false
	}
	number, err := strconv.ParseUint(text[2:6], 16, 32)
	return number, err == nil
}
