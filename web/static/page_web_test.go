//go:build web

package static_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

func TestPageWithoutAnythingToDo(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<p>Nur Text</p>`})
	b := open(t, s.URL+"/#k=kurz")
	require.Equal(t, "complete", eval[string](b, `document.readyState`))
}

// movedClock gives a page a function that moves its monotonic clock to so many seconds after the page was loaded. The browser's own
// clock stands still at a wrong time, which must not matter. said has all announcements.
const movedClock = `let ahead = 0, loaded = 0;
const now = performance.now.bind(performance);
performance.now = () => now() + ahead;
window.moveTo = (seconds) => (ahead = 1000 * seconds - (now() - loaded));
Date.now = () => 1e12;
window.said = [];
document.addEventListener("DOMContentLoaded", () => {
	loaded = now();
	const region = document.getElementById("live");
	new MutationObserver(() => said.push(region.textContent)).observe(region, { childList: true });
});`

const held = `<section class="countdown"><span data-seconds="300" data-then="/over" data-left="noch" data-minute="Minute" data-minutes="Minuten"
data-second="Sekunde" data-second-words="Sekunden"></span><progress max="600" hidden></progress></section>`

func TestCountdown(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": held, "/over": "<h1>Abgelaufen</h1>"})
	b := open(t, s.URL, movedClock)
	const left = `document.querySelector("[data-seconds]").textContent`
	b.until(left + `.startsWith("noch 4 Minuten 5")`)
	require.True(t, eval[bool](b, `document.querySelector("progress").value > 240 && !document.querySelector("progress").hidden`))
	// Two seconds before each mark, so that it is passed by itself.
	eval[any](b, `moveTo(300 - 122)`)
	b.until(`said.length === 1`)
	require.Equal(t, "noch 2 Minuten", eval[string](b, `said[0]`))
	eval[any](b, `moveTo(300 - 62)`)
	b.until(`said.length === 2`)
	require.Equal(t, "noch 1 Minute", eval[string](b, `said[1]`))
	eval[any](b, `moveTo(300 - 3)`)
	b.until(`document.querySelector("h1")?.textContent === "Abgelaufen"`)
	require.Equal(t, "/over", eval[string](b, `location.pathname`))
}

func TestCountdownSendsWhatIsTyped(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{
		"/":      `<span data-seconds="60" data-send="person" data-then="/shown"></span><form id="person" method="post" action="/booked"><input id="name" name="name"></form>`,
		"/shown": `<p id="shown">Erika</p>`,
	})
	b := open(t, s.URL, movedClock)
	b.click("#name")
	b.press("Erika")
	eval[any](b, `moveTo(60)`)
	require.Equal(t, url.Values{"name": {"Erika"}}, next(t, s.posts))
	b.until(`document.getElementById("shown")`) // and not where the form itself leads
}

func TestCountdownBeginsAnewWithOtherSeconds(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<div data-live="/live"><p id="part"><span data-seconds="30" data-second-words="s" data-minutes="min"></span></p></div>`})
	b := open(t, s.URL, movedClock)
	next(t, s.streams).send("", `<p id="part"><span data-seconds="600" data-second-words="s" data-minutes="min"></span></p>`)
	b.until(`/^(10 min|9 min 5\d s)$/.test(document.querySelector("[data-seconds]").textContent)`)
}

const dependent = `<form method="post" action="/sent">
<input type="radio" name="/sendTo" value="HOME" id="home" checked><input type="radio" name="/sendTo" value="OTHER" id="other">
<input type="radio" name="/sendTo" value="ABROAD" id="abroad">
<div id="address" data-when="/sendTo" data-is="OTHER ABROAD" hidden><input name="/street" id="street" value="Weg 1" disabled>
<input type="checkbox" name="/box" value="true" id="box" disabled>
<div id="number" data-when="/box" data-is="true" hidden><input name="/number" value="7" disabled></div></div>
<div id="shown" data-when="/sendTo" data-is="HOME"><input name="/home" value="ja"></div>
<button id="send">Weiter</button></form>`

func TestDependentFieldsFollowTheirAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": dependent})
	b := open(t, s.URL)
	state := func() []bool {
		return eval[[]bool](b, `[...["address", "number", "shown"].map((id) => !document.getElementById(id).hidden),
			...document.querySelectorAll("[data-when] input")].map((e) => (typeof e === "boolean" ? e : !e.disabled))`)
	}
	// The address, the number, the last; then street, box, number and the last one's field.
	require.Equal(t, []bool{false, false, true, false, false, false, true}, state())
	b.click("#abroad")
	require.Equal(t, []bool{true, false, false, true, true, false, false}, state())
	b.click("#box")
	require.Equal(t, []bool{true, true, false, true, true, true, false}, state())
	b.click("#home")
	require.Equal(t, []bool{false, false, true, false, false, false, true}, state(), "what is in a hidden part counts for nothing")
	b.click("#other")
	require.Equal(t, []bool{true, true, false, true, true, true, false}, state())
	b.click("#box")
	b.click("#send")
	require.Equal(t, url.Values{"/sendTo": {"OTHER"}, "/street": {"Weg 1"}}, next(t, s.posts))
}

func TestCopyButton(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<p id="key"> abc-123 </p><button type="button" id="copy" data-copy="key" data-done="Kopiert" hidden><span class="kern-label">Kopieren</span></button>`})
	b := open(t, s.URL)
	_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "clipboard-read"}, Setting: browser.PermissionSettingGranted,
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	})
	require.NoError(t, err)
	b.click("#copy")
	b.until(`document.querySelector(".kern-label").textContent === "Kopiert"`)
	require.Equal(t, "abc-123", eval[string](b, `navigator.clipboard.readText()`))
	require.Equal(t, "Kopiert", eval[string](b, `document.getElementById("live").textContent`))
	b.until(`document.querySelector(".kern-label").textContent === "Kopieren"`)
}

func TestCopyButtonStaysHiddenWhereNothingCanBeCopied(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<p id="key">abc</p><button id="copy" data-copy="key" hidden>Kopieren</button>`})
	b := open(t, s.URL, `Object.defineProperty(Navigator.prototype, "clipboard", { value: undefined })`)
	require.True(t, eval[bool](b, `document.getElementById("copy").hidden`))
}

func TestRefusedCopySelectsTheText(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<p id="key">abc</p><button id="copy" data-copy="key" data-done="Kopiert" hidden>Kopieren</button>`})
	b := open(t, s.URL, `Object.defineProperty(Navigator.prototype, "clipboard", { value: { writeText: () => Promise.reject(new Error("no")) } })`)
	b.click("#copy")
	b.until(`getSelection().toString() === "abc"`)
	require.Equal(t, "Kopieren", eval[string](b, `document.getElementById("copy").textContent`))
}

func TestResumeLinkSendsItsKey(t *testing.T) {
	t.Parallel()
	const page = `<form method="post" action="/vorgang" data-resume><input type="hidden" name="key" value="1"><input name="schluessel"><button>Öffnen</button></form>`
	key := strings.Repeat("aB3_-", 9)[:43]
	t.Run("and hides it from the address", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, map[string]string{"/vorgang": page})
		b := open(t, s.URL+"/vorgang?x=1#k="+key, `addEventListener("pagehide", () => (sessionStorage.left ??= location.href))`)
		require.Equal(t, url.Values{"key": {"1"}, "schluessel": {key}}, next(t, s.posts))
		b.until(`location.search === ""`) // what answers the form is there
		require.Equal(t, s.URL+"/vorgang?x=1", eval[string](b, `sessionStorage.left`))
	})
	t.Run("also on the page that is open", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, map[string]string{"/vorgang": strings.Replace(page, "data-resume", `data-resume="schluessel"`, 1)})
		b := open(t, s.URL+"/vorgang")
		eval[any](b, `location.hash = "#k=`+key+`"`)
		require.Equal(t, key, next(t, s.posts).Get("schluessel"))
	})
	for name, hash := range map[string]string{"short": key[1:], "long": key + "a", "of other characters": key[1:] + "=", "of markup": "<b>" + key[3:]} {
		t.Run("not one that is "+name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, map[string]string{"/vorgang": page})
			b := open(t, s.URL+"/vorgang#k="+hash)
			require.Empty(t, eval[string](b, `document.querySelector("[name=schluessel]").value`))
			require.Empty(t, s.posts)
		})
	}
}

func TestTimeZoneIsNamedWhereItDiffers(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<p data-zone="Europe/Berlin" hidden>Alle Zeiten gelten in Blomberg.</p>`})
	b := open(t, s.URL)
	for zone, hidden := range map[string]bool{"America/New_York": false, "Asia/Kathmandu": false, "Europe/Paris": true, "Europe/Berlin": true} {
		call(b, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone})
		b.load(s.URL)
		require.Equal(t, hidden, eval[bool](b, `document.querySelector("[data-zone]").hidden`), zone)
	}
}

func TestFormIsBusyWhileItIsSent(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<form method="post" action="/sent"><button id="send" name="a" value="1">Weiter</button></form>`})
	b := open(t, s.URL, `addEventListener("pagehide", () => {
		const form = document.querySelector("form");
		if (form) sessionStorage.busy = form.getAttribute("aria-busy") + " " + form.querySelector("button").disabled;
	})`)
	b.click("#send")
	require.Equal(t, url.Values{"a": {"1"}}, next(t, s.posts))
	b.until(`location.pathname === "/sent"`)
	require.Equal(t, "true false", eval[string](b, `sessionStorage.busy`))
	eval[any](b, `void history.back()`)
	b.until(`location.pathname === "/" && !document.querySelector("form").hasAttribute("aria-busy")`)
}

func TestErrorSummaryTakesTheFocusAndLeadsToTheFields(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<div data-summary tabindex="-1"><a id="one" href="#name">Name</a> <a id="two" href="#born">Geburtsdatum</a></div>
<div class="kern-form-input"><label for="name">Name</label><input id="name"></div>
<fieldset id="born"><legend>Geburtsdatum</legend><input type="hidden" name="x"><input id="day"></fieldset>`})
	b := open(t, s.URL)
	require.True(t, eval[bool](b, `document.activeElement.matches("[data-summary]")`))
	for link, field := range map[string]string{"one": "name", "two": "day"} {
		b.click("#" + link)
		require.Equal(t, field, eval[string](b, `document.activeElement.id`))
	}
}
