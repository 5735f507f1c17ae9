package xzufi

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Texts of modules are HTML of few elements. Each way there has a way back to the same text: Markdown's paragraphs, line
// breaks and lists become elements, and its other marks stay as they are.

// escaped is a text within HTML. What XML can't hold becomes U+FFFD.
func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder never fails
	return b.String()
}

const bullet = "- "

// markup is Markdown as HTML.
func markup(body string) string {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(body, "\n\n") {
		if items, ok := listed(paragraph); ok {
			b.WriteString(list(items))
			continue
		}
		lines := strings.Split(paragraph, "\n")
		for i := range lines {
			lines[i] = escaped(lines[i])
		}
		b.WriteString("<p>" + strings.Join(lines, "<br/>") + "</p>")
	}
	return b.String()
}

// listed returns the items of a paragraph that is a list.
func listed(paragraph string) (items []string, ok bool) {
	for line := range strings.SplitSeq(paragraph, "\n") {
		item, found := strings.CutPrefix(line, bullet)
		if !found {
			return nil, false
		}
		items = append(items, item)
	}
	return items, true
}

func list(items []string) string {
	var b strings.Builder
	b.WriteString("<ul>")
	for _, item := range items {
		b.WriteString("<li>" + escaped(item) + "</li>")
	}
	b.WriteString("</ul>")
	return b.String()
}

// sections are headings with what stands below each.
func sections(all []Section, language string) string {
	var b strings.Builder
	for _, s := range all {
		b.WriteString("<h2>" + escaped(s.Title[language]) + "</h2>" + markup(s.Body[language]))
	}
	return b.String()
}

// block is one element of HTML at the top: a heading, a paragraph or a list.
type block struct {
	tag   string   // h2, p or ul
	lines []string // of a paragraph, or the items of a list; of a heading one
}

// blocks reads HTML as it is written here, and nothing else.
func blocks(html string) (all []block, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("html %.80q: %w", html, err)
		}
	}()
	d := xml.NewDecoder(strings.NewReader(html))
	path := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			path += "/" + token.Name.Local
			switch path {
			case "/h2", "/p":
				all = append(all, block{tag: path[1:], lines: []string{""}})
			case "/ul":
				all = append(all, block{tag: "ul"})
			case "/ul/li", "/p/br":
				all[len(all)-1].lines = append(all[len(all)-1].lines, "")
			default:
				return nil, fmt.Errorf("%s isn't ours", path)
			}
			if len(token.Attr) > 0 {
				return nil, fmt.Errorf("%s has attributes", path)
			}
		case xml.EndElement:
			path = path[:strings.LastIndex(path, "/")]
		case xml.CharData:
			if path != "/h2" && path != "/p" && path != "/ul/li" {
				return nil, fmt.Errorf("text in %q", path)
			}
			last := &all[len(all)-1]
			last.lines[len(last.lines)-1] += string(token)
		default:
			return nil, fmt.Errorf("%T", token)
		}
	}
}

// markdown is the way back of markup.
func markdown(all []block) string {
	paragraphs := make([]string, len(all))
	for i, b := range all {
		if b.tag == "ul" {
			paragraphs[i] = bullet + strings.Join(b.lines, "\n"+bullet)
			continue
		}
		paragraphs[i] = strings.Join(b.lines, "\n")
	}
	return strings.Join(paragraphs, "\n\n")
}

// items are those of HTML that is one list.
func items(html string) ([]string, error) {
	all, err := blocks(html)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 || all[0].tag != "ul" {
		return nil, fmt.Errorf("html %.80q isn't a list", html)
	}
	return all[0].lines, nil
}
