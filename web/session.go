package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// caseCookie begins the name of the cookie with a case key; the town's slug follows, since a case belongs to one town.
const caseCookie = "vorgang-"

// keyLife is for how long the key stays in the browser where the person asks for that.
const keyLife = 60 * 24 * time.Hour

// isCaseKey reports whether a text is a case key: 256 bits in base64url, written in the one way that the graph takes.
func isCaseKey(text string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(b) == 32
}

func (v *visit) cookieName() string {
	if v.site.secure {
		return "__Host-" + caseCookie + v.slug
	}
	return caseCookie + v.slug
}

// hasCaseCookie reports whether the request carries the key of any case.
func hasCaseCookie(r *http.Request) bool {
	return slices.ContainsFunc(r.Cookies(), func(c *http.Cookie) bool {
		return strings.HasPrefix(strings.TrimPrefix(c.Name, "__Host-"), caseCookie)
	})
}

// caseKey returns the key of the visitor's case in this town, "" if there is none.
func (v *visit) caseKey() string {
	if v.slug == "" {
		return ""
	}
	if v.opened != "" {
		return v.opened
	}
	cookie, err := v.r.Cookie(v.cookieName())
	if err != nil || !isCaseKey(cookie.Value) {
		return ""
	}
	return cookie.Value
}

// remember puts a case key into the browser: until it is closed, or for sixty days.
func (v *visit) remember(key string, longer bool) {
	cookie := v.cookie(key)
	if longer {
		cookie.MaxAge = int(keyLife / time.Second)
	}
	http.SetCookie(v.w, cookie)
	v.opened = key
}

// forget takes the case key out of the browser.
func (v *visit) forget() {
	cookie := v.cookie("")
	cookie.MaxAge = -1
	http.SetCookie(v.w, cookie)
}

func (v *visit) cookie(value string) *http.Cookie {
	return &http.Cookie{
		Name: v.cookieName(), Value: value, Path: "/", HttpOnly: true, Secure: v.site.secure, SameSite: http.SameSiteLaxMode,
	}
}

// newCaseKey returns 256 random bits, as the graph takes them for a case key.
func newCaseKey() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// offeredKey returns the key under which a form would open a case, where the visitor has none. It stands in the form, so that the
// same form sent twice opens one case.
func (v *visit) offeredKey() string {
	if v.slug == "" || v.caseKey() != "" {
		return ""
	}
	return newCaseKey()
}

// newKey returns an idempotency key for the forms of a page.
func newKey() string { return uuid.NewString() }

// idempotencyKey returns the key of a write: that of the form together with everything that the form says and the name of the write. The same form
// sent twice has one effect; another choice in the same form, after going back, is another write.
func (v *visit) idempotencyKey(form url.Values, write string) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			_, _ = h.Write([]byte(name + "\x00" + value + "\x00"))
		}
	}
	_, _ = h.Write([]byte(write))
	id := uuid.UUID(h.Sum(nil)[:16])
	id[6] = id[6]&0x0f | 0x80 // version 8, RFC 9562
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
