package form

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	// maxText bounds the texts of a section in all, in bytes. The graph takes no more for all answers.
	maxText = 64 << 10
	// maxEntries bounds the entries of a section's lists in all.
	maxEntries = 2000
)

// The names that Fields posts beside those of the answers.
const (
	shownName  = "shown"  // the pointers of fields that the page showed though they are not always there
	addName    = "add"    // the button that adds an entry: the pointer of its list
	removeName = "remove" // the button that removes an entry: its pointer
)

// Change is what a posted page says beside its answers. The zero value stands for no posted page.
type Change struct {
	// Faults are what could not be read.
	Faults Faults
	// Appeared reports whether the answers made fields of the same page appear that it did not show.
	Appeared bool
	// Pressed reports whether a button was pressed that adds or removes an entry of a list.
	Pressed bool

	typed Answers // what to show again: the answers with what could not be read and with empty entries
	focus string  // the pointer of the field that should have the focus
}

// Again reports whether the page is to be shown again instead of the next one.
func (c Change) Again() bool { return c.Appeared || c.Pressed || len(c.Faults) > 0 }

// Parse reads a posted section. It returns a copy of answers with those of the section in the place of the former ones:
// those that can be read, without empty groups and entries, and without answers, of all sections, that are not asked for
// any more. What can't be read is in the Change, which View shows as it was typed. language is that of the page: it says
// whether a comma or a point separates decimals.
//
// Names that are not of the section are ignored, as are values that a choice does not offer. Lists have no more entries
// than they may. A section with more than 64 KiB of texts is a fault, and changes no answers.
func (f *Form) Parse(section int, posted url.Values, answers Answers, language string) (Answers, Change) {
	typed, _ := copied(answers).(map[string]any)
	if typed == nil {
		typed = Answers{}
	}
	r := &reader{posted: posted, language: language, left: maxText, entries: maxEntries}
	for _, child := range f.root.all() {
		if f.section[child.name] == section {
			set(typed, child.name, r.read(child, pointer("", child.name)))
		}
	}
	c := Change{typed: typed}
	if r.left < 0 || r.entries < 0 {
		c.Faults = Faults{{Section: section, Message: Text{
			"Ihre Angaben sind zusammen zu lang. Bitte kürzen Sie sie.", "Your answers are too long altogether. Please shorten them.",
		}}}
		unchanged, _ := copied(answers).(map[string]any)
		return unchanged, c
	}
	c.Pressed, c.focus = f.press(section, posted, typed)
	shown := posted[shownName]
	for _, p := range f.page(section, typed) {
		if p.shown {
			c.note(p, shown, section)
			p.walk(func(p place) { c.note(p, shown, section) })
		}
	}
	return f.settled(typed, section, false), c
}

// note adds what a shown field says to the change.
func (c *Change) note(p place, shown []string, section int) {
	if u, ok := p.value.(unread); ok {
		c.Faults = append(c.Faults, Fault{Pointer: p.pointer, Part: u.part, Message: u.fault, Section: section})
	}
	if p.conditional && !slices.Contains(shown, p.pointer) {
		c.Appeared = true
		if c.focus == "" {
			c.focus = p.pointer
		}
	}
}

// press does what a button for entries asks. It reports whether one was pressed, and where the focus goes.
func (f *Form) press(section int, posted url.Values, typed Answers) (pressed bool, focus string) {
	if at := posted.Get(addName); at != "" {
		pressed = f.edit(section, typed, at, func(list *field, entries []any) []any {
			focus = at
			if len(entries) < list.maxItems {
				focus = pointer(at, strconv.Itoa(len(entries)))
				entries = append(entries, nil)
			}
			return entries
		})
	}
	if at := posted.Get(removeName); at != "" && !pressed {
		cut := max(strings.LastIndex(at, "/"), 0)
		pressed = f.edit(section, typed, at[:cut], func(_ *field, entries []any) []any {
			focus = at[:cut]
			if i, err := strconv.Atoi(strings.TrimPrefix(at[cut:], "/")); err == nil && i >= 0 && i < len(entries) {
				entries = slices.Delete(entries, i, i+1)
			}
			return entries
		})
	}
	return pressed, focus
}

// edit changes the entries of a list of the section. It reports whether the pointer is that of one.
func (f *Form) edit(section int, typed Answers, at string, change func(*field, []any) []any) bool {
	names := strings.Split(strings.TrimPrefix(at, "/"), "/")
	for _, child := range f.root.all() {
		if f.section[child.name] == section && pointer("", child.name) == "/"+names[0] {
			edited, ok := editInside(child, typed[child.name], names[1:], change)
			set(typed, child.name, edited)
			return ok
		}
	}
	return false
}

func editInside(f *field, v any, names []string, change func(*field, []any) []any) (any, bool) {
	entries, _ := v.([]any)
	switch {
	case len(names) == 0 && f.kind == list:
		return change(f, entries), true
	case len(names) == 0:
		return v, false
	case f.kind == list:
		i, err := strconv.Atoi(names[0])
		if err != nil || i < 0 || i >= len(entries) {
			return v, false
		}
		edited, ok := editInside(f.items, entries[i], names[1:], change)
		entries[i] = edited
		return v, ok
	}
	object, _ := v.(map[string]any)
	for _, child := range f.all() {
		if object != nil && pointer("", child.name) == "/"+names[0] {
			edited, ok := editInside(child, object[child.name], names[1:], change)
			set(object, child.name, edited)
			return v, ok
		}
	}
	return v, false
}

// reader reads posted values into answers.
type reader struct {
	posted   url.Values
	language string
	left     int // bytes of text
	entries  int
}

// text returns what was typed into an input. Bytes that no page can hold are U+FFFD in it, which the graph refuses.
func (r *reader) text(name string) string {
	s := r.posted.Get(name)
	r.left -= len(s)
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "\uFFFD").Replace(s)
	return strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
}

// read reads the answer of a field; nil where there is none.
func (r *reader) read(f *field, at string) any {
	switch f.kind {
	case group:
		object := map[string]any{}
		for _, child := range f.all() {
			set(object, child.name, r.read(child, pointer(at, child.name)))
		}
		return object
	case list:
		return r.readList(f, at)
	case several:
		return r.readSeveral(f, at)
	case integer:
		return readInteger(r.text(at))
	case number:
		return readNumber(r.text(at), r.language)
	case date, partialDate:
		return readDate([3]string{r.text(at + ".day"), r.text(at + ".month"), r.text(at + ".year")}, f.kind == partialDate)
	case yesNo, agreement:
		switch value := r.posted.Get(at); {
		case value == "true":
			return true
		case value == "false" && f.kind == yesNo:
			return false
		}
		return nil
	case choice:
		return r.readChoice(f, at)
	default:
		return r.readText(f, at)
	}
}

func (r *reader) readText(f *field, at string) any {
	s := r.text(at)
	if f.kind != longText {
		s = strings.ReplaceAll(s, "\n", " ")
	}
	if s == "" {
		return nil
	}
	return f.tidied(s)
}

func (r *reader) readChoice(f *field, at string) any {
	value := r.posted.Get(at)
	if slices.ContainsFunc(f.options, func(o option) bool { return o.value == value }) {
		return value
	}
	return nil
}

func (r *reader) readSeveral(f *field, at string) any {
	chosen := r.posted[at]
	var values []any
	for _, o := range f.options {
		if slices.Contains(chosen, o.value) {
			values = append(values, o.value)
		}
	}
	if values == nil {
		return nil
	}
	return values
}

// readList reads as many entries as the page says that it showed.
func (r *reader) readList(f *field, at string) any {
	n, _ := strconv.Atoi(r.posted.Get(at))
	var entries []any
	for i := range min(n, f.maxItems) {
		if r.entries--; r.entries < 0 {
			break
		}
		entries = append(entries, r.read(f.items, pointer(at, strconv.Itoa(i))))
	}
	if entries == nil {
		return nil
	}
	return entries
}

// tidied returns a text in the form that its pattern asks for, where it misses that only by line breaks, by spaces, dots
// and dashes between its characters, or by lower case. Any other it returns as it is.
func (f *field) tidied(typed string) string {
	if f.fits(typed) {
		return typed
	}
	oneLine := strings.Join(strings.Fields(typed), " ")
	joined := strings.Map(unjoined, typed)
	for _, s := range []string{oneLine, joined, strings.ToUpper(oneLine), strings.ToUpper(joined)} {
		if f.fits(s) {
			return s
		}
	}
	return typed
}

// unjoined drops white space, dots and dashes.
func unjoined(r rune) rune {
	if unicode.IsSpace(r) || r == '.' || unicode.Is(unicode.Pd, r) {
		return -1
	}
	return r
}

// fits reports whether a text is what the pattern or the only value of a field asks for, or nothing is asked.
func (f *field) fits(s string) bool {
	if constant, ok := f.constant.(string); ok {
		return s == constant
	}
	return f.pattern == nil || f.pattern.MatchString(s)
}
