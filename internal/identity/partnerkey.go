package identity

import "strings"

// partnerKeyPrefix distinguishes a partner's key from every other token, for us and for those who look for leaked secrets.
const partnerKeyPrefix = "nelke_partner_"

// NewPartnerKey makes a partner's key. Clients make their own; this is for tests and tools.
func NewPartnerKey() string { return partnerKeyPrefix + NewCaseKey() }

// HashPartnerKey is the SHA-256 of the key's characters in lower-case hexadecimal digits: all that is ever stored of it.
func HashPartnerKey(key string) string { return HashCaseKey(key) }

// ValidPartnerKey reports whether the token is a partner's key: nelke_partner_ and 256 bits as base64url without padding.
func ValidPartnerKey(token string) bool {
	key, ok := strings.CutPrefix(token, partnerKeyPrefix)
	return ok && ValidCaseKey(key)
}
