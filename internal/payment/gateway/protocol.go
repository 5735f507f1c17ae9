// Package gateway calls a payment gateway, and has the protocol between the two. A gateway stands between Nelke and the
// payment service of a town; internal/payment/sandbox is one to try out with.
//
// # The protocol
//
// Requests carry "Authorization: Bearer" and a key that both sides derive from the secret that they share. Bodies are JSON;
// refusals are problem details (RFC 9457) with a code.
//
//	POST /transactions               an order: id, cents, currency, method, purpose, returnUrl, notifyUrl
//	GET  /transactions/{id}
//	POST /transactions/{id}/cancel   ends one that is open
//	POST /transactions/{id}/refund   gives back all of one that is paid
//
// Each of them answers with the transaction as it stands then, and may be repeated: the same order id is the same
// transaction, a second cancel or refund changes nothing. After each change of its state the gateway posts the transaction to
// the order's notifyUrl, with the headers Sandbox-Timestamp, in seconds since 1970, and Sandbox-Signature, the HMAC-SHA-512
// of the timestamp, a dot and the body, in hexadecimal. Any 2xx ends it; until then it is repeated for a day.
package gateway

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"nelke/internal/payment"
)

// The headers of a webhook.
const (
	TimestampHeader = "Sandbox-Timestamp"
	SignatureHeader = "Sandbox-Signature"
)

// Order is the body of a new order.
type Order struct {
	ID        string `json:"id"`
	Cents     int    `json:"cents"`
	Currency  string `json:"currency"`
	Method    string `json:"method"`
	Purpose   string `json:"purpose"`
	ReturnURL string `json:"returnUrl"`
	NotifyURL string `json:"notifyUrl"`
}

// Transaction is the body of an answer and of a webhook.
type Transaction struct {
	ID        string         `json:"id"`
	Order     string         `json:"order"`
	Status    payment.Status `json:"status"`
	Cents     int            `json:"cents"`
	Currency  string         `json:"currency"`
	URL       string         `json:"url,omitempty"`
	Reference string         `json:"reference,omitempty"`
}

// readTransaction parses a transaction. Unknown members are ignored, so that a gateway may add some.
func readTransaction(body []byte) (payment.Transaction, error) {
	if !utf8.Valid(body) || !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) { // null would be an empty one
		return payment.Transaction{}, errors.New("not a JSON object")
	}
	var t Transaction
	if err := json.Unmarshal(body, &t); err != nil {
		return payment.Transaction{}, err
	}
	return payment.Transaction(t), nil
}

// Encode returns the JSON of a body. It panics for a value that has none.
func Encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and integers always encode
	}
	return body
}

// ErrTooLong is returned for a body longer than payment.ReportLimit.
var ErrTooLong = errors.New("the body is longer than it may be")

// ReadBody returns all of a body.
//
// Errors: ErrTooLong.
func ReadBody(from io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(from, payment.ReportLimit+1))
	if err == nil && len(body) > payment.ReportLimit {
		err = ErrTooLong
	}
	return body, err
}

// Keys are derived from one secret, one for each direction, so that neither is accepted in the place of the other.
type Keys struct {
	API     string // bearer token of requests, hexadecimal
	webhook []byte
}

// KeysOf derives the keys of a secret.
func KeysOf(secret string) Keys {
	derive := func(info string) []byte {
		key, err := hkdf.Key(sha256.New, []byte(secret), nil, info, sha256.Size)
		if err != nil {
			panic(err) // only a longer key could be refused
		}
		return key
	}
	return Keys{API: hex.EncodeToString(derive("nelke sandbox payment api")), webhook: derive("nelke sandbox payment webhook")}
}

// Sign returns the headers of a webhook that is sent at an instant.
func (k Keys) Sign(at time.Time, body []byte) http.Header {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	header := http.Header{}
	header.Set(TimestampHeader, timestamp)
	header.Set(SignatureHeader, hex.EncodeToString(k.signature(timestamp, body)))
	return header
}

func (k Keys) signature(timestamp string, body []byte) []byte {
	mac := hmac.New(sha512.New, k.webhook)
	_, _ = fmt.Fprintf(mac, "%s.%s", timestamp, body) // a hash takes everything
	return mac.Sum(nil)
}

// signatureLife is the largest distance between a webhook's timestamp and the receiver's clock.
const signatureLife = 5 * time.Minute

// Proves reports whether the headers sign the body within five minutes of now.
func (k Keys) Proves(header http.Header, body []byte, now time.Time) bool {
	timestamps, signatures := header.Values(TimestampHeader), header.Values(SignatureHeader)
	if len(timestamps) != 1 || len(signatures) != 1 {
		return false
	}
	said, err := hex.DecodeString(signatures[0])
	if err != nil || !hmac.Equal(said, k.signature(timestamps[0], body)) {
		return false
	}
	seconds, err := strconv.ParseInt(timestamps[0], 10, 64)
	if err != nil {
		return false
	}
	off := now.Sub(time.Unix(seconds, 0)) // where they are centuries apart, as long as a duration can be
	return -signatureLife <= off && off <= signatureLife
}
