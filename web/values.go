package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// mostValues is how many values are kept, and valueBytes how many bytes the answers may have in all that they were read from.
	mostValues = 500
	valueBytes = 16 << 20
)

// keptValue is what was read last from public answers of the graph. It is read-only.
type keptValue struct {
	value any
	made  basis
	until time.Time // until then the graph's answers may be used without asking
}

// size is about what a value takes in memory: as much as the answers that it was read from.
func (k keptValue) size() int { return k.made.bytes + k.made.size() + 1000 }

// again returns the value of a name in the visit's language: the one that was read last, as long as the graph says of every answer that it was read
// from that it still holds, else what read returns, which has to ask the graph by v.public(). Errors aren't kept.
func again[T any](v *visit, name string, read func() (T, error)) (T, error) {
	return reread(v, name, false, read)
}

// forAWhile is again for what may be a little old: the graph isn't asked before its answers have the age that it gives them.
func forAWhile[T any](v *visit, name string, read func() (T, error)) (T, error) {
	return reread(v, name, true, read)
}

func reread[T any](v *visit, name string, old bool, read func() (T, error)) (T, error) {
	name = v.lang + "\x00" + name
	now := v.site.cfg.Now()
	if kept, ok := v.site.values.get(name); ok {
		if value, ok := kept.value.(T); ok && v.still(name, kept, now, old) {
			v.made.join(kept.made)
			return value, nil
		}
	}
	page, made := v.made, &basis{}
	v.made = made
	value, err := read()
	v.made = page
	v.made.join(*made)
	if err == nil && !made.loose {
		v.site.values.put(name, keptValue{value, *made, now.Add(made.age)})
	}
	return value, err
}

// still reports whether a value may be used again.
func (v *visit) still(name string, kept keptValue, now time.Time, old bool) bool {
	if old && now.Before(kept.until) {
		return true
	}
	age, ok := v.holds(kept.made)
	if ok && old {
		kept.until = now.Add(age)
		v.site.values.put(name, kept)
	}
	return ok
}

// maxAge returns for how long an answer may be used without asking for it again (RFC 9111, section 4.2).
func maxAge(header http.Header) time.Duration {
	for directive := range strings.SplitSeq(header.Get("Cache-Control"), ",") {
		if text, ok := strings.CutPrefix(strings.TrimSpace(directive), "max-age="); ok {
			seconds, _ := strconv.Atoi(text)
			age, _ := strconv.Atoi(header.Get("Age"))
			return max(0, time.Duration(seconds-age)*time.Second)
		}
	}
	return 0
}
