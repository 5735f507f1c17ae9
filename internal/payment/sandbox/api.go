package sandbox

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"nelke/internal/payment"
	"nelke/internal/payment/gateway"
	"nelke/internal/store"
)

// API is the interface for programs that hold the secret: see the protocol.
func (s *Service) API() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /transactions", s.takeOrder)
	mux.HandleFunc("GET /transactions/{id}", s.about(s.get))
	mux.HandleFunc("POST /transactions/{id}/cancel", s.about(s.cancel))
	mux.HandleFunc("POST /transactions/{id}/refund", s.about(s.refund))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errUnknown) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(key), []byte(s.keys.API)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "UNAUTHENTICATED", "")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// about answers a request about one transaction.
func (s *Service) about(work func(ctx context.Context, id string) (row, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		found, err := work(r.Context(), r.PathValue("id"))
		if err != nil {
			s.fail(w, r, err)
			return
		}
		write(w, http.StatusOK, "application/json", gateway.Encode(s.said(found)))
	}
}

func (s *Service) takeOrder(w http.ResponseWriter, r *http.Request) {
	o, err := readOrder(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	taken, isNew, err := s.create(r.Context(), o)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if isNew {
		status = http.StatusCreated
	}
	write(w, status, "application/json", gateway.Encode(s.said(taken)))
}

// cancel ends a transaction that is open.
func (s *Service) cancel(ctx context.Context, id string) (row, error) {
	return s.move(ctx, id, payment.Open, payment.Canceled)
}

var errNotPaid = errors.New("nothing was paid that could be given back")

// refund gives back what was paid, once.
func (s *Service) refund(ctx context.Context, id string) (row, error) {
	r, err := s.move(ctx, id, payment.Paid, payment.Refunded)
	if err == nil && r.status != payment.Refunded {
		err = errNotPaid
	}
	return r, err
}

// refusal is what is wrong with a request.
type refusal struct {
	status       int
	code, detail string
}

func (r *refusal) Error() string { return r.code + ": " + r.detail }

// readOrder reads the body of a request, which must be an order and nothing else.
func readOrder(w http.ResponseWriter, r *http.Request) (o gateway.Order, err error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return o, &refusal{http.StatusUnsupportedMediaType, "NOT_JSON", "the body must be application/json"}
	}
	body, err := gateway.ReadBody(http.MaxBytesReader(w, r.Body, payment.ReportLimit))
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return o, &refusal{http.StatusRequestEntityTooLarge, "TOO_LONG", gateway.ErrTooLong.Error()}
	}
	if err != nil {
		return o, &refusal{http.StatusBadRequest, "NOT_READ", "the body ended before its end"}
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&o); err != nil || !utf8.Valid(body) {
		return o, &refusal{http.StatusBadRequest, "NOT_AN_ORDER", "the body must be one order as JSON"}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return o, &refusal{http.StatusBadRequest, "NOT_AN_ORDER", "something stands behind the order"}
	}
	if fault := fault(o); fault != "" {
		return o, &refusal{http.StatusUnprocessableEntity, "INVALID", fault}
	}
	return o, nil
}

// fail answers with what went wrong.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	refused := (*refusal)(nil)
	switch {
	case errors.As(err, &refused):
		refuse(w, refused.status, refused.code, refused.detail)
	case errors.Is(err, errUnknown):
		refuse(w, http.StatusNotFound, "UNKNOWN", errUnknown.Error())
	case errors.Is(err, errOther):
		refuse(w, http.StatusConflict, "OTHER_ORDER", errOther.Error())
	case errors.Is(err, errNotPaid):
		refuse(w, http.StatusConflict, "NOT_PAID", errNotPaid.Error())
	case away(err):
		w.Header().Set("Retry-After", "2")
		refuse(w, http.StatusServiceUnavailable, "UNAVAILABLE", "")
	default:
		s.log.ErrorContext(r.Context(), "sandbox: a request failed", "err", err)
		refuse(w, http.StatusInternalServerError, "INTERNAL", "")
	}
}

// away reports whether trying later is the right answer.
func away(err error) bool {
	return store.Unavailable(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// refuse answers with problem details (RFC 9457).
func refuse(w http.ResponseWriter, status int, code, detail string) {
	write(w, status, "application/problem+json", gateway.Encode(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail,omitempty"`
	}{http.StatusText(status), status, code, detail}))
}

func write(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is no concern of ours
}
