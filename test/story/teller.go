package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// width of a line, in characters.
const width = 100

// teller prints the story. It has no servers.
type teller struct {
	out     io.Writer
	now     func() time.Time // the story's clock, in the town's zone
	pending string           // a step that waits for its call, to share its line
}

// title begins a telling.
func (t *teller) title(text string, lines ...string) {
	rule := strings.Repeat("═", width)
	t.line("\n%s\n  %s\n%s", rule, text, rule)
	for _, line := range lines {
		t.line("  %s", line)
	}
}

// chapter begins a part.
func (t *teller) chapter(text string) {
	t.line("\n── %s %s", text, strings.Repeat("─", width-4-utf8.RuneCountInString(text)))
}

// step is what somebody does.
func (t *teller) step(format string, args ...any) {
	t.flush()
	t.pending = " " + hour(t.now()) + "  " + fmt.Sprintf(format, args...)
}

// note is what comes of it. What is too long for a line goes on below, further in.
func (t *teller) note(format string, args ...any) {
	margin := strings.Repeat(" ", 10)
	for text := fmt.Sprintf(format, args...); text != ""; margin += "  " {
		now, rest := fold(text, width-len(margin))
		t.line("%s%s", margin, now)
		if text = rest; len(margin) > 10 {
			margin = margin[2:]
		}
	}
}

// fold cuts a text at the last space with which it fits into a number of characters. Spaces at its beginning stay.
func fold(text string, most int) (now, rest string) {
	if utf8.RuneCountInString(text) <= most {
		return text, ""
	}
	cut := len(string([]rune(text)[:most+1]))
	if i := strings.LastIndexByte(text[:cut], ' '); i > 0 {
		return text[:i], text[i+1:]
	}
	return text, ""
}

// call is the operation that a step sent, to which process, and how long the answer took; 0: it was lost.
func (t *teller) call(name, process string, took time.Duration) {
	after := "answer lost"
	if took > 0 {
		after = number(took) + " ms"
	}
	if process != "" {
		after = process + " · " + after
	}
	t.ends(fmt.Sprintf("%s  %11s", name, after))
}

// ends ends the line of a step.
func (t *teller) ends(right string) {
	left := t.pending
	t.pending = ""
	t.sides(left, right)
}

// shows is a window that shows something by itself, so long after the request that caused it was sent.
func (t *teller) shows(window, text string, after time.Duration) {
	t.flush()
	t.sides(fmt.Sprintf("        ⇒ %-19s %s", window, text), "+"+number(after)+" ms")
}

// flush prints a step that has no call.
func (t *teller) flush() {
	if step := t.pending; step != "" {
		t.pending = ""
		t.line("%s", step)
	}
}

// sides prints a line with something at its right end, or two lines where one is too short.
func (t *teller) sides(left, right string) {
	gap := width - utf8.RuneCountInString(left) - utf8.RuneCountInString(right)
	if gap < 2 {
		t.line("%s", left)
		left, gap = "", width-utf8.RuneCountInString(right)
	}
	t.line("%s%s%s", left, strings.Repeat(" ", gap), right)
}

func (t *teller) line(format string, args ...any) {
	t.flush()
	fmt.Fprintln(t.out, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// number is a duration in milliseconds, with a decimal where it matters.
func number(d time.Duration) string {
	ms := float64(d.Microseconds()) / 1000
	if ms < 9.95 {
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}

func hour(at time.Time) string { return at.Format("15:04") }

// hours lists times of day.
func hours(all []time.Time) string {
	texts := make([]string, len(all))
	for i, at := range all {
		texts[i] = hour(at)
	}
	return strings.Join(texts, ", ")
}

// euros writes cents as English readers do.
func euros(cents int) string { return fmt.Sprintf("€%d.%02d", cents/100, cents%100) }

// plural is a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "one " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// brief cuts a text at a word's end.
func brief(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	cut := string([]rune(text)[:most])
	if i := strings.LastIndexByte(cut, ' '); i > 0 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;.") + " …"
}
