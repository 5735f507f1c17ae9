package form

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// LinePattern is what most names have: one line, with something to see at both ends.
const LinePattern = `^[^\p{Z}\p{Cc}\p{Cf}]([^\p{Zl}\p{Zp}\p{Cc}]*[^\p{Z}\p{Cc}\p{Cf}])?$`

// lineBefore stands in versions of forms that are in use: RE2's \s is ASCII alone.
const lineBefore = `^\S(.*\S)?$`

// alike reports why a regular expression may be judged differently by Go's RE2 and by ECMA-262 with the flag u, by which
// frontends check answers, or with v, by which browsers read the attribute "pattern". It lets pass what all of them, and
// those of other languages, read alike:
//
//   - ^ as its first character and $ as its last, groups, |, and ? * + {n} {n,} {n,m} with n and m up to 1000;
//   - characters that stand for themselves, and \ before those that don't;
//   - classes in brackets, of characters, ranges and general categories: [^0-9A-Z\p{Zs}\-].
//
// Not ., \s, \w, \d or \b, each of which means something else somewhere, nor flags, assertions, names or references.
func alike(pattern string) error {
	p := &patternReader{rest: []rune(pattern)}
	for first := true; len(p.rest) > 0; first = false {
		if err := p.one(first); err != nil {
			return err
		}
	}
	return nil
}

type patternReader struct{ rest []rune }

func (p *patternReader) next() rune {
	if len(p.rest) == 0 {
		return 0
	}
	r := p.rest[0]
	p.rest = p.rest[1:]
	return r
}

const (
	syntaxCharacters = `^$\.*+?()[]{}|/`
	classCharacters  = `()[]{}/-\|` // with a meaning in classes of the flag v
)

func (p *patternReader) one(first bool) error {
	switch r := p.next(); r {
	case '^':
		if !first {
			return fmt.Errorf("^ must be its first character")
		}
		return p.greedy()
	case '$':
		if len(p.rest) > 0 {
			return fmt.Errorf("$ must be its last character")
		}
	case '.':
		return fmt.Errorf(`. is another set of characters in every language: write a class such as [^\p{Cc}]`)
	case '(':
		if len(p.rest) > 0 && p.rest[0] == '?' {
			if len(p.rest) < 2 || p.rest[1] != ':' {
				return fmt.Errorf("(? begins flags, assertions or names, which differ: only (?: is possible")
			}
			p.rest = p.rest[2:]
		}
	case '[':
		return p.class()
	case '{':
		return p.count()
	case '*', '+', '?':
		return p.greedy()
	case ')', '|', ']', '}': // the compiler judges whether they have their partners
		if r == ']' || r == '}' {
			return fmt.Errorf("%c needs a \\ before it", r)
		}
	case '\\':
		if len(p.rest) == 0 {
			return fmt.Errorf(`ends with \`)
		}
		if p.rest[0] == 'p' || p.rest[0] == 'P' {
			return p.category()
		}
		if r := p.next(); !strings.ContainsRune(syntaxCharacters, r) {
			return fmt.Errorf(`\%c isn't the same everywhere`, r)
		}
	}
	return nil
}

// count reads {n}, {n,} or {n,m} behind its brace.
func (p *patternReader) count() error {
	end := slices.Index(p.rest, '}')
	if end < 0 {
		return fmt.Errorf(`{ needs a \ before it`)
	}
	low, high, _ := strings.Cut(string(p.rest[:end]), ",")
	p.rest = p.rest[end+1:]
	for i, n := range []string{low, high} {
		if i == 1 && n == "" {
			continue
		}
		if n == "" || len(n) > 4 || strings.Trim(n, "0123456789") != "" || len(n) == 4 && n > "1000" {
			return fmt.Errorf(`{ must be followed by one or two numbers up to 1000 and }`)
		}
	}
	return p.greedy()
}

// greedy refuses a quantifier behind another one, or behind ^.
func (p *patternReader) greedy() error {
	if len(p.rest) > 0 && strings.ContainsRune("*+?{", p.rest[0]) {
		return fmt.Errorf("%c has nothing to repeat", p.rest[0])
	}
	return nil
}

// category reads a general category behind its backslash: p{L}, P{Zs}.
func (p *patternReader) category() error {
	rest := string(p.rest[1:])
	name, _, ok := strings.Cut(strings.TrimPrefix(rest, "{"), "}")
	if _, known := unicode.Categories[name]; !ok || !strings.HasPrefix(rest, "{") || !known || len(name) > 2 || name == "C" || name == "Cn" || name == "LC" {
		return fmt.Errorf(`\%c must be followed by a general category such as {Lu}`, p.rest[0])
	}
	p.rest = p.rest[len([]rune(name))+3:]
	return nil
}

// class reads a class behind its bracket.
func (p *patternReader) class() error {
	if len(p.rest) > 0 && p.rest[0] == '^' {
		p.next()
	}
	for empty := true; ; empty = false {
		if len(p.rest) == 0 {
			return fmt.Errorf("[ has no ] after it")
		}
		switch r := p.next(); {
		case r == ']' && empty:
			return fmt.Errorf("[] is another class in every language")
		case r == ']':
			return nil
		case r == '\\' && len(p.rest) > 0 && (p.rest[0] == 'p' || p.rest[0] == 'P'):
			if err := p.category(); err != nil {
				return err
			}
		case r == '\\':
			if r := p.next(); r == 0 || !strings.ContainsRune(syntaxCharacters+"-", r) {
				return fmt.Errorf(`\%c isn't the same everywhere`, r)
			}
		case r == '-':
			if empty || len(p.rest) == 0 || strings.ContainsRune(`]\-[`, p.rest[0]) {
				return fmt.Errorf(`- needs a \ before it, unless it stands between the ends of a range`)
			}
		case strings.ContainsRune(classCharacters, r):
			return fmt.Errorf(`%c needs a \ before it in a class`, r)
		case len(p.rest) > 0 && p.rest[0] == r && strings.ContainsRune("&!#$%*+,.:;<=>?@^`~", r):
			return fmt.Errorf("%c%c is an operator in classes of the flag v", r, r)
		}
	}
}
