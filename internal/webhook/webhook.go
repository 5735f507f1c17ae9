// Package webhook calls partners when something has changed: it signs the body, checks the address, makes the call, and computes
// how long to wait before it is tried again. It has no database and no rule about who is called.
package webhook

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a webhook. A receiver may get the same delivery more than once, with the same id.
const (
	DeliveryHeader  = "Nelke-Delivery"
	TimestampHeader = "Nelke-Timestamp" // seconds since 1970, of this attempt
	SignatureHeader = "Nelke-Signature" // hexadecimal digits; two, with a comma, while a secret is being replaced
)

// Change names a thing that has changed, without its content.
type Change struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// Body is what a webhook says. No changes: it is a ping.
type Body struct {
	ID      string    `json:"id"`      // of the delivery
	At      time.Time `json:"at"`      // when the delivery was made, in UTC
	Changes []Change  `json:"changes"` // the oldest first
	Cursor  string    `json:"cursor"`  // of the feed of changes, after them
}

// Encode is the body as it is sent, the same bytes at each attempt.
func (b Body) Encode() []byte {
	b.At = b.At.UTC()
	if b.Changes == nil {
		b.Changes = []Change{}
	}
	body, err := json.Marshal(b)
	if err != nil {
		panic(err) // strings and instants of our time always encode
	}
	return body
}

// Sign returns the headers that prove a body to whoever shares one of the secrets: HMAC-SHA-512 over the timestamp, a dot,
// and the body.
func Sign(at time.Time, body []byte, secrets ...string) http.Header {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		signatures[i] = hex.EncodeToString(signature(secret, timestamp, body))
	}
	header := http.Header{}
	header.Set(TimestampHeader, timestamp)
	header.Set(SignatureHeader, strings.Join(signatures, ","))
	return header
}

func signature(secret, timestamp string, body []byte) []byte {
	mac := hmac.New(sha512.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%s.%s", timestamp, body) // a hash takes everything
	return mac.Sum(nil)
}

// life is how far the clocks of the two sides, and the way between them, may be apart.
const life = 5 * time.Minute

// ErrSignature says that headers don't prove a body.
var ErrSignature = errors.New("the webhook's signature proves nothing")

// Verify reports whether headers prove a body, now: for receivers, and for tests of ours.
//
// Errors: ErrSignature.
func Verify(secret string, header http.Header, body []byte, now time.Time) error {
	timestamps, lists := header.Values(TimestampHeader), header.Values(SignatureHeader)
	if len(timestamps) != 1 || len(lists) != 1 {
		return ErrSignature
	}
	seconds, err := strconv.ParseInt(timestamps[0], 10, 64)
	if err != nil {
		return ErrSignature
	}
	if off := now.Sub(time.Unix(seconds, 0)); off < -life || off > life {
		return ErrSignature
	}
	want := signature(secret, timestamps[0], body)
	for one := range strings.SplitSeq(lists[0], ",") {
		if said, err := hex.DecodeString(one); err == nil && hmac.Equal(said, want) {
			return nil
		}
	}
	return ErrSignature
}
