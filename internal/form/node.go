package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// node is a JSON value that remembers its line, so that a fault in a form can name it.
type node struct {
	line    int
	value   any // string, json.Number, bool or nil; unused in objects and lists
	object  bool
	list    bool
	members []member // of an object, in the order of the file
	items   []*node  // of a list
}

type member struct {
	name string
	line int
	node *node
}

// get returns a member of an object; nil where there is none.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for _, m := range n.members {
		if m.name == name {
			return m.node
		}
	}
	return nil
}

func (n *node) text() (string, bool) {
	if n == nil {
		return "", false
	}
	s, ok := n.value.(string)
	return s, ok
}

func (n *node) integer() (int, bool) {
	if n == nil {
		return 0, false
	}
	number, _ := n.value.(json.Number)
	i, err := strconv.Atoi(number.String())
	return i, err == nil
}

func (n *node) is(v any) bool { return n != nil && !n.object && !n.list && n.value == v }

// texts returns the strings of a list.
func (n *node) texts() []string {
	var all []string
	if n == nil {
		return nil
	}
	for _, item := range n.items {
		if s, ok := item.text(); ok {
			all = append(all, s)
		}
	}
	return all
}

func (n *node) names() []string {
	var all []string
	if n == nil {
		return nil
	}
	for _, m := range n.members {
		all = append(all, m.name)
	}
	return all
}

type reader struct {
	raw    []byte
	dec    *json.Decoder
	faults []SchemaFault
}

// read parses one JSON document. Names that occur twice in an object are faults: JSON readers disagree on which counts.
func read(raw []byte) (*node, []SchemaFault) {
	r := &reader{raw: raw, dec: json.NewDecoder(bytes.NewReader(raw))}
	r.dec.UseNumber()
	n, err := r.node("", 0)
	if err == nil {
		if _, err = r.dec.Token(); errors.Is(err, io.EOF) {
			return n, r.faults
		}
		err = errors.New("there is more after the end of the JSON document")
	}
	line := r.line()
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line = r.lineAt(syntax.Offset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		line, err = r.lineAt(int64(len(raw))), errors.New("the JSON document ends too soon")
	}
	return nil, append(r.faults, SchemaFault{Line: line, Message: err.Error()})
}

func (r *reader) line() int { return r.lineAt(r.dec.InputOffset()) }

func (r *reader) lineAt(offset int64) int {
	offset = min(max(offset, 0), int64(len(r.raw)))
	return 1 + bytes.Count(bytes.TrimRight(r.raw[:offset], "\n"), []byte("\n"))
}

func (r *reader) node(pointer string, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("deeper than %d levels", maxDepth)
	}
	token, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	n := &node{line: r.line()}
	switch token {
	case json.Delim('['):
		n.list = true
		for r.dec.More() {
			item, err := r.node(fmt.Sprintf("%s/%d", pointer, len(n.items)), depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
		_, err = r.dec.Token()
		return n, err
	case json.Delim('{'):
		n.object = true
		for r.dec.More() {
			key, err := r.dec.Token()
			if err != nil {
				return nil, err
			}
			name, line := key.(string), r.line()
			at := pointer + "/" + escape(name)
			if slices.Contains(n.names(), name) {
				r.faults = append(r.faults, SchemaFault{line, at, "stands here twice"})
			}
			value, err := r.node(at, depth+1)
			if err != nil {
				return nil, err
			}
			n.members = append(n.members, member{name, line, value})
		}
		_, err = r.dec.Token()
		return n, err
	}
	n.value = token
	return n, nil
}

// Canonical writes a JSON document with sorted keys and no white space, so that equal documents have equal bytes.
// Numbers keep their spelling.
func Canonical(raw []byte) (json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("Canonical: %w", err)
	}
	canonical, err := encode(v)
	if err != nil {
		return nil, fmt.Errorf("Canonical: %w", err)
	}
	return json.RawMessage(canonical), nil
}

func encode(v any) (string, error) {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSuffix(out.String(), "\n"), err
}
