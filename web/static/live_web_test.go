//go:build web

package static_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

const livePage = `<p id="outside">bleibt</p><p data-reload-note hidden id="note">Bitte neu laden</p>
<form data-live="/live"><section id="part"><h2>Frei</h2>
<ul><li><button id="t1" type="button">9:00</button></li><li><button id="t2" type="button">9:20</button></li></ul>
<input id="name" name="name" value=""><select id="place"><option>Blomberg</option><option>Detmold</option></select>
<input type="checkbox" id="agreed"></section></form>`

const takenPart = `<section id="part"><h2>Noch frei</h2>
<p>Eine neue Zeile</p><ul><li><span id="t1">9:00</span></li><li><button id="t2" type="button">9:20</button></li></ul>
<div><input id="name" name="name" value=""><select id="place"><option>Blomberg</option><option>Detmold</option></select>
<input type="checkbox" id="agreed"></div></section>`

func TestLivePartIsReplacedByID(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": livePage})
	b := open(t, s.URL)
	live := next(t, s.streams)
	eval[any](b, `window.second = document.getElementById("t2")`)
	live.send("", takenPart)
	b.until(`document.querySelector("h2").textContent === "Noch frei"`)
	require.Equal(t, "SPAN", eval[string](b, `document.getElementById("t1").nodeName`))
	require.True(t, eval[bool](b, `document.getElementById("t2") === second`), "what is equal stays")
	require.Equal(t, "bleibt", eval[string](b, `document.getElementById("outside").textContent`))

	live.send("", `<p id="outside">anders</p><p id="unknown">nirgends</p><script id="t2">window.broken = true</script>`)
	b.until(`document.getElementById("outside").textContent === "anders"`)
	require.False(t, eval[bool](b, `"broken" in window`), "scripts of a fragment don't run")
	require.False(t, eval[bool](b, `Boolean(document.getElementById("unknown"))`))
}

func TestLivePartLeavesWhatIsEqual(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<div data-live="/live"><ul id="list"><li id="a">a</li><li id="b">b</li><li>c</li></ul><p id="last">1</p></div>`})
	b := open(t, s.URL)
	live := next(t, s.streams)
	eval[any](b, `window.list = document.getElementById("list"); window.changes = 0; new MutationObserver((all) => (changes += all.length)).observe(
		document.getElementById("list"), { childList: true, subtree: true, attributes: true, characterData: true })`)
	live.send("", `<ul id="list"><li id="a">a</li><li id="b">b</li><li>c</li></ul><p id="last">2</p>`)
	b.until(`document.getElementById("last").textContent === "2"`)
	require.True(t, eval[bool](b, `document.getElementById("list") === list && changes === 0`))
	live.send("", `<ul id="list"><li id="new">0</li><li id="b">B</li><li>c</li><li>d</li></ul><p id="last">3</p>`)
	b.until(`document.getElementById("last").textContent === "3"`)
	require.Equal(t, `<li id="new">0</li><li id="b">B</li><li>c</li><li>d</li>`, eval[string](b, `document.getElementById("list").innerHTML`))
}

func TestLivePartKeepsWhatIsTyped(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": livePage})
	b := open(t, s.URL)
	live := next(t, s.streams)
	b.click("#agreed")
	eval[any](b, `document.getElementById("place").value = "Detmold"`)
	b.click("#name")
	b.press("Erika")
	b.press(kb.ArrowLeft)
	live.send("", takenPart) // the fields stand in a new element now
	b.until(`document.querySelector("h2").textContent === "Noch frei"`)
	require.Equal(t, "name", eval[string](b, `document.activeElement.id`))
	b.press("n")
	require.Equal(t, "Erikna", eval[string](b, `document.getElementById("name").value`), "the cursor is where it was")
	require.Equal(t, "Detmold", eval[string](b, `document.getElementById("place").value`))
	require.True(t, eval[bool](b, `document.getElementById("agreed").checked`))
}

func TestLivePartKeepsTheFocus(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": livePage})
	b := open(t, s.URL)
	live := next(t, s.streams)
	eval[any](b, `document.getElementById("t1").focus()`)
	live.send("", takenPart)
	b.until(`document.querySelector("h2").textContent === "Noch frei"`)
	require.Equal(t, "t1", eval[string](b, `document.activeElement.id`), "a time that was taken is where the next key starts from")
	b.press(kb.Tab)
	require.Equal(t, "t2", eval[string](b, `document.activeElement.id`))
	live.send("", `<section id="part"><h2>Alles vergeben</h2></section>`)
	b.until(`document.querySelector("h2").textContent === "Alles vergeben"`)
	require.Equal(t, "part", eval[string](b, `document.activeElement.id`), "what is gone leaves the focus to what it was in")
}

func TestLivePartAnnounces(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": livePage})
	b := open(t, s.URL)
	live := next(t, s.streams)
	live.send("", `<p data-announce="9 Uhr wurde gerade vergeben."></p>`)
	b.until(`document.getElementById("live").textContent === "9 Uhr wurde gerade vergeben."`)
	for _, text := range []string{"1", "2", "3", "4", "5", "6"} {
		live.send("", `<p data-announce="`+text+`"></p>`)
	}
	b.until(`document.getElementById("live").textContent === "2 3 4 5 6"`) // together, and the newest alone
}

func TestLivePartConnectsAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": livePage})
	b := open(t, s.URL)
	next(t, s.streams).cut()
	live := next(t, s.streams)
	live.send("", takenPart)
	b.until(`document.querySelector("h2").textContent === "Noch frei"`)
}

func TestLivePartEndsForGood(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": livePage})
	b := open(t, s.URL)
	live := next(t, s.streams)
	live.send("end", "")
	next(t, live.gone)
	// Neither this event nor a wait brings it back: a new connection would be made before this page is asked for.
	eval[any](b, `dispatchEvent(new Event("pageshow")), fetch("/other").then(() => 0)`)
	require.Equal(t, "/", next(t, s.loads))
	require.Equal(t, "/other", next(t, s.loads))
	require.Empty(t, s.streams)
}

func TestLivePartIsClosedWithThePage(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": livePage, "/other": "<p>Andere Seite</p>"})
	b := open(t, s.URL)
	live := next(t, s.streams)
	eval[any](b, `dispatchEvent(new Event("pagehide"))`)
	next(t, live.gone)
	eval[any](b, `dispatchEvent(new Event("pageshow"))`)
	live = next(t, s.streams)
	b.load(s.URL + "/other")
	next(t, live.gone)
	eval[any](b, `void history.back()`)
	live = next(t, s.streams)
	live.send("", takenPart)
	b.until(`document.querySelector("h2")?.textContent === "Noch frei"`)
}

func TestLivePartRestsWhileThePageIsOutOfSight(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": livePage})
	b := open(t, s.URL, `let hidden = true;
		Object.defineProperty(Document.prototype, "hidden", { get: () => hidden });
		window.hide = (yes) => { hidden = yes; document.dispatchEvent(new Event("visibilitychange")); }`)
	eval[any](b, `fetch("/other").then(() => 0)`)
	require.Empty(t, s.streams)
	eval[any](b, `hide(false)`)
	live := next(t, s.streams)
	eval[any](b, `hide(true)`)
	next(t, live.gone)
	eval[any](b, `hide(false)`)
	next(t, s.streams).send("", takenPart)
	b.until(`document.querySelector("h2").textContent === "Noch frei"`)
}

func TestReloadLoadsThePageAnew(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": livePage})
	b := open(t, s.URL)
	require.Equal(t, "/", next(t, s.loads))
	live := next(t, s.streams)
	live.send("reload", "")
	require.Equal(t, "/", next(t, s.loads))
	live = next(t, s.streams)

	b.click("#name")
	b.press("E")
	live.send("reload", "")
	b.until(`!document.getElementById("note").hidden`)
	require.Empty(t, s.loads, "what was typed would be lost")
	require.Equal(t, "E", eval[string](b, `document.getElementById("name").value`))
}

func TestLivePartTriesAgainWhereItIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<div data-live="/refused"><p id="part">da</p></div>`})
	b := open(t, s.URL)
	next(t, s.refused)
	next(t, s.refused)
	require.Equal(t, "da", eval[string](b, `document.getElementById("part").textContent`))
}
