package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// caseKeyLength is that of 256 bits in base64url without padding.
const caseKeyLength = 43

// caseKeys is strict, so that no two spellings decode to one key: the last character has two bits to spare.
var caseKeys = base64.RawURLEncoding.Strict() //nolint:gochecknoglobals // an encoding, never changed

// NewCaseKey makes a case key. Clients make their own; this is for tests and tools.
func NewCaseKey() string {
	var key [32]byte
	rand.Read(key[:]) // never fails, see crypto/rand
	return caseKeys.EncodeToString(key[:])
}

// HashCaseKey is the SHA-256 of the key's characters in lower-case hexadecimal digits. It is all that is ever stored of a key.
// The key has 256 random bits, so the hash needs neither salt nor cost.
func HashCaseKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// ValidCaseKey reports whether the token is 256 bits as base64url without padding.
func ValidCaseKey(token string) bool {
	if len(token) != caseKeyLength {
		return false
	}
	_, err := caseKeys.DecodeString(token)
	return err == nil
}
