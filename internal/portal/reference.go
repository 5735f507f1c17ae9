package portal

import (
	"crypto/rand"
	"strings"
)

// The letters and digits of references: none that are mistaken for others on the phone (I, O, U, 0, 1).
const referenceAlphabet = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"

// newReference makes a short name for the phone: three letters of the town and six random characters, BLO-7K3M-9Q.
// Thirty-one characters to the sixth power are 887 million; the unique index refuses the rare double.
func newReference(t *Town) string {
	var b strings.Builder
	b.WriteString(strings.ToUpper(t.Slug[:min(3, len(t.Slug))]))
	for i := range 6 {
		if i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(referenceAlphabet[randomBelow(len(referenceAlphabet))])
	}
	return b.String()
}

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
