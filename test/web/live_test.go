//go:build web

package web_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/test/reader"
	"nelke/test/suite"
)

// book books a passport for the first morning without a browser, and returns whose it is and the path of its page.
func book(t *testing.T, p *suite.Process) (*reader.Reader, string) {
	t.Helper()
	b := reader.Open(t, p, "/termin/zeiten?dienst=reisepass:1").Press("Montag, 23. November, 8:30 Uhr").Fill("Familienname", "Mustermann").Press("Weiter")
	b.Press("Termin verbindlich buchen").Shows("Ihr Termin ist gebucht")
	return b, b.URL.Path
}

// TestNothingOfACaseIsLeftAfterSigningOut goes back to the pages of a case that was closed in the browser.
func TestNothingOfACaseIsLeftAfterSigningOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, backend *suite.Backend) {
		p := serve(t, backend)
		holder, page := book(t, p)
		b := open(t, p).signIn(holder).visit(page).shows("Ihr Termin ist gebucht")
		reference := eval[string](b, `document.querySelector(".reference").innerText`)
		b.visit("/vorgang").shows("Mein Vorgang").enter("In diesem Browser schließen").shows("Bürgerservice Blomberg")
		eval[any](b, `history.back(); undefined`)
		b.shows("Vorgang öffnen")
		eval[any](b, `history.back(); undefined`)
		b.shows("Dafür brauchen Sie den Schlüssel zu Ihrem Vorgang")
		require.NotContains(t, eval[string](b, `document.documentElement.innerText`), reference)
	})
}

// TestWhoWaitsIsCalledOnTheirPage checks a person in, and calls them while their page is open.
func TestWhoWaitsIsCalledOnTheirPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, backend *suite.Backend) {
		p := serve(t, backend)
		holder, page := book(t, p)
		b := open(t, p).signIn(holder).visit(page).shows("Ihr Termin ist gebucht")
		p.Clock.Set(time.Date(2026, 11, 23, 7, 20, 0, 0, time.UTC))
		clerk := p.Clerk()
		id := page[len("/vorgang/termin/"):]
		clerk.On("checkIn", id, suite.Key()).OK("checkIn.appointment.id")
		b.shows("Sie sind angemeldet. Bitte warten Sie kurz").until(`document.querySelector(".waiting")?.innerText.includes("Sie sind als Nächstes dran.")`)
		counter := clerk.Do(`{ municipality(by: {slug: "blomberg"}) { offices { counters { id label } } } }`, nil).OK("municipality.offices.0.counters.1")
		clerk.CallAppointment(id, counter.Get("id").String(), suite.Key()).OK("callAppointment.appointment.id")
		b.shows("Bitte kommen Sie jetzt").until(`document.querySelector(".called")?.innerText === ` + quoted(counter.Get("label").String()))
	})
}
