package portal

import (
	"crypto/rand"
	"strings"
	"unicode"

	"nelke/internal/catalogue"
)

// The letters and digits of references: none that are mistaken for others on the phone (I, O, U, 0, 1).
const referenceAlphabet = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"

// newReference makes a short name for the phone: three letters of the town and six random characters, BLO-7K3M-9Q.
// Thirty-one characters to the sixth power are 887 million; the unique index refuses the rare double.
func newReference(t *catalogue.Town) string {
	var b strings.Builder
	b.WriteString(townLetters(t))
	for i := range 6 {
		if i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(referenceAlphabet[randomBelow(len(referenceAlphabet))])
	}
	return b.String()
}

// townLetters are those that the references of a town begin with.
func townLetters(t *catalogue.Town) string { return strings.ToUpper(t.Slug[:min(3, len(t.Slug))]) }

// randomBelow draws evenly from 0 to n-1, n at most 256.
func randomBelow(n int) int {
	var b [1]byte
	for {
		_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
		if v := int(b[0]); v < 256-256%n {
			return v % n
		}
	}
}

// heardReference returns the reference that somebody means who says it or types it from hearing: in capitals or small,
// with or without dashes and blanks, with or without the town's letters. What no reference has is read as what it looks
// like: 0 and O as Q, 1 and I as L, U as V; in the town's letters 0 as O, and 1 as I or L. It is empty where it can't be
// one.
func heardReference(t *catalogue.Town, typed string) string {
	heard := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r > unicode.MaxASCII && unicode.IsLetter(r):
			return r
		default:
			return -1
		}
	}, typed)
	at := len(heard) - 6
	if at < 0 {
		return ""
	}
	of, random := heard[:at], strings.NewReplacer("0", "Q", "O", "Q", "1", "L", "I", "L", "U", "V").Replace(heard[at:])
	if strings.Trim(random, referenceAlphabet) != "" {
		return ""
	}
	alike := strings.NewReplacer("0", "O", "1", "I", "L", "I", "-", "")
	own := townLetters(t)
	if of == "" || alike.Replace(of) == alike.Replace(own) {
		of = own
	}
	return of + "-" + random[:4] + "-" + random[4:]
}
