package sandbox

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/payment"
	"nelke/internal/payment/gateway"
)

func TestPageShowsWhatIsPaid(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	o := example("payment_a")
	o.Cents = 123456
	open, err := b.client.Create(t.Context(), o)
	require.NoError(t, err)

	german := b.send(http.MethodGet, open.URL, "")
	require.Equal(t, http.StatusOK, german.StatusCode)
	page := text(t, german)
	for _, want := range []string{`<html lang="de">`, "1.234,56&nbsp;€", "Meldebescheinigung AB12CD", "Kreditkarte", "Sandbox", "Es fließt kein Geld", `value="success"`, `value="failure"`, `value="cancel"`} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "hidden")
	require.Equal(t, 3, strings.Count(page, "<button"))
	require.Regexp(t, `^default-src 'none'; style-src 'sha256-[^']+'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'`, german.Header.Get("Content-Security-Policy"))
	require.Equal(t, "no-store", german.Header.Get("Cache-Control"))
	require.Equal(t, "same-origin", german.Header.Get("Referrer-Policy"))

	english := text(t, b.send(http.MethodGet, open.URL, "", "Accept-Language", "en-GB,en;q=0.9"))
	for _, want := range []string{`<html lang="en">`, "€1,234.56", "Credit card", "No money moves"} {
		require.Contains(t, english, want)
	}

	for cents, want := range map[int]string{1: "0,01", 99: "0,99", 100: "1,00", 99999: "999,99", 100000: "1.000,00", maxCents: "999.999,00"} {
		require.Equal(t, want, view{row{Order: gateway.Order{Cents: cents}}}.Euros(",", "."))
	}
}

func TestPageAfterTheEndSaysHowItStandsAndLeadsBack(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	o := example("payment_a")
	o.ReturnURL = `https://nelke.example/back?a=1&b="><script>alert(1)</script>`
	o.Method = "WERO"
	open, err := b.client.Create(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, http.StatusSeeOther, b.choose(open, "success").StatusCode)
	paid := text(t, b.send(http.MethodGet, open.URL, ""))
	require.Contains(t, paid, "<h1>Bezahlt</h1>")
	require.Contains(t, paid, "Wero")
	require.Contains(t, paid, b.said(open.ID).Reference)
	require.NotContains(t, paid, "<button")
	require.NotContains(t, paid, "<script")
	href := regexp.MustCompile(`href="([^"]+)"`).FindStringSubmatch(paid)
	require.Len(t, href, 2)
	require.True(t, strings.HasPrefix(href[1], "https://nelke.example/back?a=1&amp;b=%22%3e%3cscript"), href[1])

	_, err = b.client.Refund(t.Context(), open.ID)
	require.NoError(t, err)
	require.Contains(t, text(t, b.send(http.MethodGet, open.URL, "", "Accept-Language", "en")), "<h1>Payment refunded</h1>")
	for choice, want := range map[string]string{"failure": "Zahlung fehlgeschlagen", "cancel": "Zahlung abgebrochen"} {
		other := b.order("payment_" + choice)
		require.Equal(t, http.StatusSeeOther, b.choose(other, choice).StatusCode)
		require.Contains(t, text(t, b.send(http.MethodGet, other.URL, "")), "<h1>"+want+"</h1>")
	}
}

func TestChoiceLeadsBack(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	for choice, want := range map[string]payment.Status{"success": payment.Paid, "failure": payment.Failed, "cancel": payment.Canceled} {
		open := b.order("payment_" + choice)
		for range 2 { // the second is a double click
			got := b.choose(open, choice)
			require.Equal(t, http.StatusSeeOther, got.StatusCode)
			require.Equal(t, "https://nelke.example/payments/return/payment_"+choice, got.Header.Get("Location"))
			require.Equal(t, "no-store", got.Header.Get("Cache-Control"))
			require.Equal(t, want, b.said(open.ID).Status)
		}
	}
}

func TestOfRacingChoicesOneWins(t *testing.T) {
	t.Parallel()
	for _, db := range databases() {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			b := setup(t, db)
			stop := b.run(b.service)
			for _, id := range []string{"payment_a", "payment_b", "payment_c"} {
				open := b.order(id)
				choices := []string{"success", "failure", "cancel"}
				var mu sync.Mutex
				won := map[string]bool{}
				lost := map[string]bool{}
				race(18, func(i int) {
					got := b.choose(open, choices[i%3])
					mu.Lock()
					defer mu.Unlock()
					switch got.StatusCode {
					case http.StatusSeeOther:
						won[choices[i%3]] = true
					case http.StatusConflict:
						lost[choices[i%3]] = true
					default:
						t.Errorf("%d", got.StatusCode)
					}
				})
				require.Len(t, won, 1, "all who win say the same")
				require.Len(t, lost, 2)
				for choice := range won {
					require.False(t, lost[choice])
				}
			}
			require.Eventually(t, func() bool { return b.unsent() == 0 }, patience, poll)
			stop()
			seen, took := b.receiver.counts()
			require.Equal(t, 3, seen)
			require.Equal(t, 3, took)
		})
	}
}

func TestAmountIsNeverTakenFromTheForm(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	open := b.order("payment_a")
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for _, body := range []string{
		"choice=success&amount=1", "amount=1", "choice=success&cents=1", "choice=success&choice=success", "choice=success&choice=cancel",
		"choice=paid", "choice=", "choice", "", "choice=SUCCESS", "choice=success&=", "choice=%zz", "choice=success;amount=1",
		"choice=success&" + strings.Repeat("x", 2000), "status=PAID&choice=success",
	} {
		got := b.send(http.MethodPost, open.URL, body, form...)
		require.Equal(t, http.StatusBadRequest, got.StatusCode, "%.80q", body)
		require.Contains(t, text(t, got), "Es hat sich nichts geändert")
		require.Equal(t, open, b.said(open.ID), "%.80q", body)
	}
	for _, kind := range []string{"", "application/json", "multipart/form-data; boundary=x", "text/plain"} {
		require.Equal(t, http.StatusBadRequest, b.send(http.MethodPost, open.URL, "choice=success", "Content-Type", kind).StatusCode, kind)
		require.Equal(t, open, b.said(open.ID), kind)
	}
	require.Equal(t, http.StatusSeeOther, b.send(http.MethodPost, open.URL+"?amount=1&cents=1", "choice=success", form...).StatusCode)
	paid := b.said(open.ID)
	require.Equal(t, payment.Paid, paid.Status)
	require.Equal(t, 1250, paid.Cents)
}

func TestChoiceOfAnotherSiteChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	open := b.order("payment_a")
	for _, from := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Sec-Fetch-Site", "cross-site", "Origin", b.url},
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
	} {
		got := b.choose(open, "success", from...)
		require.Equal(t, http.StatusForbidden, got.StatusCode, from)
		require.Contains(t, text(t, got), "von einer anderen Seite")
		require.Equal(t, open, b.said(open.ID), from)
	}
	require.Equal(t, http.StatusSeeOther, b.choose(open, "success", "Sec-Fetch-Site", "same-origin", "Origin", b.url).StatusCode)
	other := b.order("payment_b")
	require.Equal(t, http.StatusSeeOther, b.choose(other, "success", "Origin", b.url).StatusCode, "a browser that doesn't say Sec-Fetch-Site")
}

func TestPageThatIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	nobodys := payment.Transaction{URL: b.url + "/pay/" + idPrefix + strings.Repeat("a", 26)}
	for _, got := range []*http.Response{
		b.send(http.MethodGet, nobodys.URL, ""), b.send(http.MethodGet, b.url+"/pay/%00", ""), b.send(http.MethodGet, b.url+"/pay/", ""),
		b.choose(nobodys, "success"), b.send(http.MethodDelete, b.order("payment_a").URL, ""),
	} {
		require.Equal(t, http.StatusNotFound, got.StatusCode)
		require.Contains(t, text(t, got), "Zahlung nicht gefunden")
	}
	require.Contains(t, text(t, b.send(http.MethodGet, nobodys.URL, "", "Accept-Language", "en")), "Payment not found")
}
