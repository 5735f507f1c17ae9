package sandbox

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

// BodyLimit is how many bytes a body may have, either way.
const BodyLimit = 64 << 10

// order is an order as it is sent.
type order struct {
	ID        string `json:"id"`
	Cents     int    `json:"cents"`
	Currency  string `json:"currency"`
	Method    string `json:"method"`
	Purpose   string `json:"purpose"`
	ReturnURL string `json:"returnUrl"`
	NotifyURL string `json:"notifyUrl"`
}

// transaction is a transaction as it is sent.
type transaction struct {
	ID        string         `json:"id"`
	Order     string         `json:"order"`
	Status    payment.Status `json:"status"`
	Cents     int            `json:"cents"`
	Currency  string         `json:"currency"`
	URL       string         `json:"url,omitempty"`
	Reference string         `json:"reference,omitempty"`
}

// readTransaction understands a transaction. Members that it doesn't know don't matter: a provider may get more.
func readTransaction(body []byte) (payment.Transaction, error) {
	if !utf8.Valid(body) || !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) { // null would be an empty one
		return payment.Transaction{}, errors.New("not a JSON object")
	}
	var t transaction
	if err := json.Unmarshal(body, &t); err != nil {
		return payment.Transaction{}, err
	}
	return payment.Transaction(t), nil
}

// encode is JSON of what always has one.
func encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and integers always encode
	}
	return body
}

var errTooLong = errors.New("the body is longer than it may be")

// readBody reads all of a body, up to BodyLimit.
func readBody(from io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(from, BodyLimit+1))
	if err == nil && len(body) > BodyLimit {
		err = errTooLong
	}
	return body, err
}

// keys are made of one secret, one for each way, so that neither proves anything where the other is asked for.
type keys struct {
	api     string
	webhook []byte
}

func keysOf(secret string) keys {
	derive := func(info string) []byte {
		key, err := hkdf.Key(sha256.New, []byte(secret), nil, info, sha256.Size)
		if err != nil {
			panic(err) // only a longer key could be refused
		}
		return key
	}
	return keys{api: hex.EncodeToString(derive("nelke sandbox payment api")), webhook: derive("nelke sandbox payment webhook")}
}

// Sign returns the headers that prove a webhook's body, for a provider with the secret that says it at an instant.
func Sign(secret string, at time.Time, body []byte) http.Header { return keysOf(secret).sign(at, body) }

func (k keys) sign(at time.Time, body []byte) http.Header {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	header := http.Header{}
	header.Set(TimestampHeader, timestamp)
	header.Set(SignatureHeader, hex.EncodeToString(k.signature(timestamp, body)))
	return header
}

func (k keys) signature(timestamp string, body []byte) []byte {
	mac := hmac.New(sha512.New, k.webhook)
	_, _ = fmt.Fprintf(mac, "%s.%s", timestamp, body) // a hash takes everything
	return mac.Sum(nil)
}

// signatureLife is how far the clocks of the two sides, and the way between them, may be apart.
const signatureLife = 5 * time.Minute

// proves reports whether the headers prove the body, now.
func (k keys) proves(header http.Header, body []byte, now time.Time) bool {
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
