package bound

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Pattern is the regular expression of the sentences, with a space before.
const Pattern = ` At most [0-9]+ (?:characters|entries|entries of [0-9]+ characters|bytes, [0-9]+ values and [0-9]+ levels)(?: come in)?\.`

// OfScalar is the sentence that the description of a scalar ends with, for ID that of Node.id; empty where it has none.
func OfScalar(name string) string {
	if name == "JSON" {
		return fmt.Sprintf("At most %d bytes, %d values and %d levels come in.", JSONBytes, JSONValues, JSONDepth)
	}
	if b, ok := Scalars()[name]; ok {
		return fmt.Sprintf("At most %d characters come in.", b.Letters)
	}
	return ""
}

// OfPlace is the sentence that the description of an input field or argument ends with; empty where its scalar has one.
func OfPlace(place string, t *ast.Type, enum bool) string {
	b := OfInput(place, t)
	if t.Elem != nil && enum && b.Entries == 0 {
		b.Entries = EnumEntries
	}
	switch {
	case b.Entries > 0 && b.Letters > 0:
		return fmt.Sprintf("At most %d entries of %d characters.", b.Entries, b.Letters)
	case b.Entries > 0:
		return fmt.Sprintf("At most %d entries.", b.Entries)
	case b.Letters > 0:
		return fmt.Sprintf("At most %d characters.", b.Letters)
	default:
		return ""
	}
}

// States reports whether a description has the figures of a sentence: "1 to 100 characters" says that there are at most 100.
func States(description, sentence string) bool {
	for _, figure := range regexp.MustCompile(`[0-9]+`).FindAllString(sentence, -1) {
		if !regexp.MustCompile(`\b` + figure + `\b`).MatchString(description) {
			return false
		}
	}
	return strings.Contains(sentence, "entries") || strings.Contains(description, "character") || strings.Contains(description, "come in")
}
