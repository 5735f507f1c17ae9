package sandbox

import (
	_ "embed"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"

	"nelke/internal/payment"
	"nelke/internal/payment/gateway"
)

//go:embed pay.de.html
var payGerman string

//go:embed pay.en.html
var payEnglish string

//go:embed problem.de.html
var problemGerman string

//go:embed problem.en.html
var problemEnglish string

// Page is the page to pay on, at /pay/{id}. What is paid stands in the transaction; the page takes a choice and nothing else.
func (s *Service) Page() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /pay/{id}", s.show)
	mux.HandleFunc("POST /pay/{id}", s.choose)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.apologise(w, r, errUnknown) })
	own := http.NewCrossOriginProtection()
	own.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.problem.Write(w, r, http.StatusForbidden, http.StatusForbidden)
	}))
	return own.Handler(mux)
}

// view is what the page shows of a transaction.
type view struct{ row }

// Status is where the transaction stands.
func (v view) Status() string { return string(v.status) }

// Reference is the Kassenzeichen, if there is one.
func (v view) Reference() string { return v.reference }

// Way is the payment method's name where it has one of its own, which no language changes.
func (v view) Way() string { return methods()[v.Method] }

// Euros is the amount, with the marks of a language for the decimals and for the thousands.
func (v view) Euros(decimal, thousands string) string {
	whole := fmt.Sprint(v.Cents / 100)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + thousands + whole[i:]
	}
	return fmt.Sprintf("%s%s%02d", whole, decimal, v.Cents%100)
}

func (s *Service) show(w http.ResponseWriter, r *http.Request) {
	found, err := s.get(r.Context(), r.PathValue("id"))
	if err != nil {
		s.apologise(w, r, err)
		return
	}
	s.pay.Write(w, r, http.StatusOK, view{found})
}

// choose ends a transaction as the payer says. Of two who say different things at once, one wins, and the other sees how it
// stands; the same said twice is a double click.
func (s *Service) choose(w http.ResponseWriter, r *http.Request) {
	to, err := readChoice(w, r)
	if err != nil {
		s.apologise(w, r, err)
		return
	}
	found, err := s.move(r.Context(), r.PathValue("id"), payment.Open, to)
	switch {
	case err != nil:
		s.apologise(w, r, err)
	case found.status != to:
		s.pay.Write(w, r, http.StatusConflict, view{found})
	default:
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, found.ReturnURL, http.StatusSeeOther)
	}
}

// readChoice reads the form, which has one field. One that brings an amount along is not of this page.
func readChoice(w http.ResponseWriter, r *http.Request) (payment.Status, error) {
	wrong := &refusal{http.StatusBadRequest, "INVALID", "the form must have one choice and nothing else"}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return "", wrong
	}
	body, err := gateway.ReadBody(http.MaxBytesReader(w, r.Body, 1<<10))
	if err != nil {
		return "", wrong
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form) != 1 || len(form["choice"]) != 1 {
		return "", wrong
	}
	to, known := map[string]payment.Status{
		"success": payment.Paid, "failure": payment.Failed, "cancel": payment.Canceled,
	}[form.Get("choice")]
	if !known {
		return "", wrong
	}
	return to, nil
}

// apologise answers with a page that says what went wrong.
func (s *Service) apologise(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	refused := (*refusal)(nil)
	switch {
	case errors.As(err, &refused):
		status = refused.status
	case errors.Is(err, errUnknown):
		status = http.StatusNotFound
	case away(err):
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "2")
	default:
		s.log.ErrorContext(r.Context(), "sandbox: a page failed", "err", err)
	}
	s.problem.Write(w, r, status, status)
}
