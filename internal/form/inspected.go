package form

import (
	"fmt"
	"strings"
)

// Inspected is a form's schema as its writer sees it: properties by pointer into the answers.
type Inspected struct{ root *node }

// Type returns the type of the property at a pointer into the answers, and whether there is such a property.
func (i *Inspected) Type(pointer string) (string, bool) {
	p := i.property(pointer)
	s, ok := p.get("type").text()
	return s, ok
}

// Values returns the enum of the property at a pointer into the answers.
func (i *Inspected) Values(pointer string) []string { return i.property(pointer).get("enum").texts() }

func (i *Inspected) property(pointer string) *node {
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return nil
	}
	n := i.root
	for part := range strings.SplitSeq(rest, "/") {
		n = n.get("properties").get(unescape(part))
	}
	return n
}

// answer finds what describes one answer, by the path to it.
func (n *node) answer(path []string) *node {
	for _, part := range path {
		if items := n.get("items"); items != nil {
			n = items
		} else {
			n = n.get("properties").get(part)
		}
	}
	return n
}

// at finds a node by a pointer into the schema.
func (n *node) at(pointer string) *node {
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if n == nil {
			return nil
		}
		if n.list {
			var i int
			if _, err := fmt.Sscanf(part, "%d", &i); err != nil || i < 0 || i >= len(n.items) {
				return nil
			}
			n = n.items[i]
			continue
		}
		n = n.get(unescape(part))
	}
	return n
}

func unescape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
}
