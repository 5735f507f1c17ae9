package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// liar stands between people and the servers, and changes what is answered. Windows it lets pass.
type liar struct {
	*http.Transport
	from, to string
	told     atomic.Int32
}

func (l *liar) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.Transport.RoundTrip(r)
	if err != nil || answer.StatusCode == http.StatusSwitchingProtocols {
		return answer, err
	}
	truth, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, errors.Join(err, answer.Body.Close())
	}
	lie := bytes.ReplaceAll(truth, []byte(l.from), []byte(l.to))
	if !bytes.Equal(lie, truth) {
		l.told.Add(1)
	}
	if on := answer.Header.Get("Location"); strings.Contains(on, l.from) {
		l.told.Add(1)
		answer.Header.Set("Location", strings.Replace(on, l.from, l.to, 1))
	}
	answer.Header.Set("Content-Length", strconv.Itoa(len(lie)))
	answer.ContentLength = int64(len(lie))
	answer.Body, err = io.NopCloser(bytes.NewReader(lie)), answer.Body.Close()
	return answer, err
}

func TestStoryBreaksOffWhereTheServiceWouldAnswer(t *testing.T) {
	t.Parallel()
	for name, lie := range map[string]struct {
		parts          []part
		from, to, says string
	}{
		"a wrong answer without the field's name": {
			[]part{meldebescheinigung}, `"residence","postalCode"`, `"residence"`, `saveAnswers: expected residence.postalCode, got`,
		},
		"the second tab with another problem": {
			[]part{meldebescheinigung}, "STALE_REVISION", "WRONG_STATE", "mutation saveAnswers: expected STALE_REVISION, got",
		},
		"a page to pay on with another amount": {
			[]part{meldebescheinigung}, "€9.00", "€0.09", "the page to pay on: expected €9.00, got",
		},
		"a payer with another address to come back to": {
			[]part{meldebescheinigung}, "/payments/return/", "/return/", "Payment fails: expected 303 to the return link, got",
		},
		"the clerk with a draft": {
			[]part{meldebescheinigung}, `{"application":null}`, `{"application":{"id":"x"}}`, "application: expected null, got",
		},
		"two copies with the price of three": {
			[]part{sterbeurkunde}, `"due":{"cents":1500}`, `"due":{"cents":2000}`, "due: expected the first and a further copy, got",
		},
		"what was posted with another tracking number": {
			[]part{sterbeurkunde}, "RR 1234 5679 2DE", "RR 1234 5679 3DE", "completeApplication: expected {POST 2026-11-23 RR 1234 5679 2DE}, got",
		},
		"a refund that the provider doesn't know of": {
			[]part{withdrawal}, "<h1>Payment refunded</h1>", "<h1>Paid</h1>", "the provider's page: expected Payment refunded, got",
		},
		"another list of online services": {
			[]part{everyService}, `"slug":"briefwahlantrag"`, `"slug":"briefwahl"`, "the samples: expected",
		},
		"a cent less than was paid": {
			[]part{sterbeurkunde, accounts}, `"received":{"cents":1500}`, `"received":{"cents":1499}`, "the provider's pages: expected {1499 1499 0}, got",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &liar{from: lie.from, to: lie.to}
			up := embedded()
			up.network = func(honest http.RoundTripper) http.RoundTripper {
				l.Transport = honest.(*http.Transport)
				return l
			}
			err := tell(t.Context(), io.Discard, up, lie.parts...)
			require.ErrorContains(t, err, "the story breaks off at ")
			require.ErrorContains(t, err, lie.says)
			require.Positive(t, l.told.Load())
		})
	}
}

func TestQueueThatShowsADraftEndsTheStory(t *testing.T) {
	t.Parallel()
	draft := application{ID: "application_a", Status: "DRAFT"}
	shown := workQueue{}
	shown.WorkQueue = &struct{ Nodes []application }{Nodes: []application{draft}}
	told := func(states ...state[workQueue]) (err error) {
		s := &story{
			teller: &teller{out: io.Discard, now: func() time.Time { return time.Date(2026, 11, 23, 10, 30, 0, 0, time.UTC) }},
			queue:  &window[workQueue]{states: states},
		}
		defer breaksOff(&err)
		s.queued(t.Context(), "saveAnswers", draft)
		return nil
	}
	require.NoError(t, told(state[workQueue]{}))
	// A later message without it doesn't help: somebody has seen it.
	require.ErrorContains(t, told(state[workQueue]{Data: shown}, state[workQueue]{}),
		"the story breaks off at 10:30: the clerk's queue after saveAnswers: expected no drafts, got")
}

func TestReadPage(t *testing.T) {
	t.Parallel()

	t.Run("finds what a reader finds", func(t *testing.T) {
		t.Parallel()
		p, err := readPage([]byte(`<!doctype html><html lang="de"><head><meta charset="utf-8"><title>x</title></head><body>
			<h1>Bezahlen</h1><dl><dt>Betrag</dt><dd>9,00&nbsp;€</dd></dl><form><button name="choice" value="success">Zahlung gelingt</button></form></body></html>`))
		require.NoError(t, err)
		require.Equal(t, page{
			Heading: "Bezahlen", Facts: map[string]string{"Betrag": "9,00\u00a0€"},
			Buttons: []button{{Name: "choice", Value: "success", Label: "Zahlung gelingt"}},
		}, p)
	})
	t.Run("says that a page breaks off", func(t *testing.T) {
		t.Parallel()
		_, err := readPage([]byte(`<html><h1>Pay`))
		require.ErrorContains(t, err, "read a page")
	})
}
