package form_test

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"nelke/web/form"
)

// fataler fails a test.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// client is a browser without script, of which a page is shown.
type client struct {
	t    fataler
	root *html.Node
	raw  string
}

// show renders a page and reads its HTML.
func show(t fataler, view *form.View) *client {
	t.Helper()
	var out bytes.Buffer
	if err := form.Fields(view).Render(background(), &out); err != nil {
		t.Fatalf("render: %v", err)
	}
	wellFormed(t, out.String())
	root, err := html.Parse(strings.NewReader("<!DOCTYPE html><form>" + out.String() + "</form>"))
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	c := &client{t, root, out.String()}
	c.checkIDs()
	c.checkNames()
	return c
}

// wellFormed checks that every element is closed where it was opened.
func wellFormed(t fataler, raw string) {
	t.Helper()
	void := map[string]bool{"input": true, "br": true}
	tokens := html.NewTokenizer(strings.NewReader(raw))
	var open []string
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Fatalf("%v are not closed in\n%s", open, raw)
			}
			return
		case html.StartTagToken:
			if name, _ := tokens.TagName(); !void[string(name)] {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := tokens.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Fatalf("</%s> closes %v in\n%s", name, open, raw)
			}
			open = open[:len(open)-1]
		}
	}
}

// checkIDs checks that ids are unique, and that whatever names one names one that is there.
func (c *client) checkIDs() {
	c.t.Helper()
	ids := map[string]bool{}
	for n := range c.root.Descendants() {
		if id, ok := attribute(n, "id"); ok {
			if ids[id] || id == "" || strings.ContainsAny(id, " \t\n\f\r") {
				c.t.Fatalf("id %q is not unique or not valid in\n%s", id, c.raw)
			}
			ids[id] = true
		}
	}
	for n := range c.root.Descendants() {
		for _, name := range []string{"for", "aria-describedby"} {
			value, ok := attribute(n, name)
			for _, id := range strings.Fields(value) {
				if !ids[id] {
					c.t.Fatalf("%s=%q names nothing in\n%s", name, value, c.raw)
				}
			}
			if ok && strings.TrimSpace(value) == "" {
				c.t.Fatalf("%s is empty in\n%s", name, c.raw)
			}
		}
		c.checkLabelled(n)
	}
}

// checkNames checks that no two inputs post the same name, but radio buttons and checkboxes.
func (c *client) checkNames() {
	c.t.Helper()
	seen := map[string]bool{}
	for n := range c.root.Descendants() {
		kind, _ := attribute(n, "type")
		name, ok := attribute(n, "name")
		if !ok || n.DataAtom == atom.Button || kind == "radio" || kind == "checkbox" || name == "shown" {
			continue
		}
		if seen[name] {
			c.t.Fatalf("%s is posted twice in\n%s", name, c.raw)
		}
		seen[name] = true
	}
}

// shows reports whether a person sees the field of a pointer.
func (c *client) shows(at string) bool {
	for n := range c.root.Descendants() {
		_, disabled := attribute(n, "disabled")
		name, ok := attribute(n, "name")
		below := name == at || strings.HasPrefix(name, at+"/") || strings.HasPrefix(name, at+".")
		if ok && below && !disabled && !hidden(n) {
			return true
		}
		if got, _ := attribute(n, "value"); n.DataAtom == atom.Button && got == at && !disabled && !hidden(n) {
			return true
		}
	}
	return false
}

// checkLabelled checks that an input which people see has a label.
func (c *client) checkLabelled(n *html.Node) {
	c.t.Helper()
	kind, _ := attribute(n, "type")
	if n.DataAtom != atom.Textarea && n.DataAtom != atom.Select && (n.DataAtom != atom.Input || kind == "hidden") {
		return
	}
	id, _ := attribute(n, "id")
	for label := range c.root.Descendants() {
		if target, _ := attribute(label, "for"); label.DataAtom == atom.Label && target == id && strings.TrimSpace(content(label)) != "" {
			return
		}
	}
	c.t.Fatalf("%s has no label in\n%s", id, c.raw)
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func content(n *html.Node) string {
	var s strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			s.WriteString(d.Data)
		}
	}
	return s.String()
}

// hidden reports whether a person sees nothing of an element.
func hidden(n *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if _, ok := attribute(n, "hidden"); ok {
			return true
		}
	}
	return false
}

// inputs returns the inputs of a name that are posted or could be.
func (c *client) inputs(name string) []*html.Node {
	var all []*html.Node
	for n := range c.root.Descendants() {
		_, disabled := attribute(n, "disabled")
		got, ok := attribute(n, "name")
		if ok && got == name && !disabled && !hidden(n) && n.DataAtom != atom.Button {
			all = append(all, n)
		}
	}
	return all
}

// find returns the element of an id; nil where there is none.
func (c *client) find(id string) *html.Node {
	for n := range c.root.Descendants() {
		if got, ok := attribute(n, "id"); ok && got == id {
			return n
		}
	}
	return nil
}

// button reports whether there is a button of a name and value that can be pressed.
func (c *client) button(name, value string) bool {
	for n := range c.root.Descendants() {
		gotName, _ := attribute(n, "name")
		gotValue, _ := attribute(n, "value")
		_, disabled := attribute(n, "disabled")
		if n.DataAtom == atom.Button && gotName == name && gotValue == value && !disabled && !hidden(n) {
			return true
		}
	}
	return false
}

func set(n *html.Node, name, value string) {
	for i := range n.Attr {
		if n.Attr[i].Key == name {
			n.Attr[i].Val = value
			return
		}
	}
	n.Attr = append(n.Attr, html.Attribute{Key: name, Val: value})
}

func unset(n *html.Node, name string) {
	kept := n.Attr[:0]
	for _, a := range n.Attr {
		if a.Key != name {
			kept = append(kept, a)
		}
	}
	n.Attr = kept
}

// enter types a text into the input of a name, or chooses that value among its options. It reports whether there is one.
func (c *client) enter(name, value string) bool {
	entered := false
	for _, n := range c.inputs(name) {
		switch kind, _ := attribute(n, "type"); {
		case kind == "hidden":
			continue
		case kind == "radio" || kind == "checkbox":
			option, _ := attribute(n, "value")
			if kind == "radio" {
				unset(n, "checked")
			}
			if option == value {
				set(n, "checked", "")
				entered = true
			}
		case n.DataAtom == atom.Select:
			for o := range n.Descendants() {
				unset(o, "selected")
				if option, _ := attribute(o, "value"); o.DataAtom == atom.Option && option == value {
					set(o, "selected", "")
					entered = true
				}
			}
		case n.DataAtom == atom.Textarea:
			for n.FirstChild != nil {
				n.RemoveChild(n.FirstChild)
			}
			n.AppendChild(&html.Node{Type: html.TextNode, Data: value})
			entered = true
		default:
			set(n, "value", value)
			entered = true
		}
	}
	return entered
}

// clear takes back what was chosen of a name.
func (c *client) clear(name string) {
	for _, n := range c.inputs(name) {
		unset(n, "checked")
	}
}

// submit returns what the form posts.
func (c *client) submit() url.Values {
	posted := url.Values{}
	for n := range c.root.Descendants() {
		name, ok := attribute(n, "name")
		if _, disabled := attribute(n, "disabled"); !ok || disabled || n.DataAtom == atom.Button {
			continue
		}
		kind, _ := attribute(n, "type")
		_, checked := attribute(n, "checked")
		value, _ := attribute(n, "value")
		switch {
		case (kind == "radio" || kind == "checkbox") && !checked:
		case n.DataAtom == atom.Select:
			posted.Add(name, selected(n))
		case n.DataAtom == atom.Textarea:
			posted.Add(name, strings.ReplaceAll(content(n), "\n", "\r\n"))
		default:
			posted.Add(name, value)
		}
	}
	return posted
}

// press returns what the form posts when a button is pressed.
func (c *client) press(name, value string) url.Values {
	c.t.Helper()
	if !c.button(name, value) {
		c.t.Fatalf("there is no button %s=%s in\n%s", name, value, c.raw)
	}
	posted := c.submit()
	posted.Add(name, value)
	return posted
}

func selected(n *html.Node) string {
	first, found := "", false
	for o := range n.Descendants() {
		if o.DataAtom != atom.Option {
			continue
		}
		value, _ := attribute(o, "value")
		if _, ok := attribute(o, "selected"); ok {
			return value
		}
		if !found {
			first, found = value, true
		}
	}
	return first
}

// count returns how many entries of a list the page shows.
func (c *client) count(name string) int {
	for _, n := range c.inputs(name) {
		if kind, _ := attribute(n, "type"); kind == "hidden" {
			value, _ := attribute(n, "value")
			i, _ := strconv.Atoi(value)
			return i
		}
	}
	return 0
}
