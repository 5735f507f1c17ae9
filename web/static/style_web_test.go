//go:build web

package static_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

const controls = `<a class="kern-link back" href="/a">Zurück</a> <a class="kern-btn kern-btn--primary" href="/b">Weiter</a>
<button class="kern-btn kern-btn--secondary" type="button">Ändern</button> <button class="kern-btn kern-btn--tertiary" type="button">Entfernen</button>
<ul class="service-list"><li class="service-list__item"><a class="kern-link service-list__name" href="/c">Meldebescheinigung</a></li></ul>
<div class="kern-form-input"><label class="kern-label" for="name">Name</label><input class="kern-form-input__input" id="name"></div>
<div class="kern-form-input__select-wrapper"><select class="kern-form-input__select" aria-label="Staat"><option>Österreich</option></select></div>
<textarea class="kern-form-input__input" aria-label="Nachricht"></textarea>
<div class="kern-form-check"><input class="kern-form-check__radio" type="radio" id="r"><label class="kern-label" for="r">Per Post</label></div>
<div class="kern-form-check"><input class="kern-form-check__checkbox" type="checkbox" id="c"><label class="kern-label" for="c">Ich stimme zu</label></div>
<button class="time" type="button"><span class="time__clock">9:20</span></button>
<table class="calendar"><tr><td class="calendar__free"><a class="kern-link" href="/d">8 <small>3</small></a></td></tr></table>
<div class="interruption"><a href="/e">Mehr dazu</a></div>
<footer class="site-footer"><ul class="site-footer__links"><li><a class="kern-link" href="/f">Datenschutz</a></li></ul></footer>`

// focused returns the class of what has the focus, and how wide the line is that shows it, in pixels: around the control, around the
// box that it stands in, or around the card that it opens.
const focused = `(() => {
	const element = document.activeElement;
	const styles = [getComputedStyle(element), getComputedStyle(element.parentElement), getComputedStyle(element, "::after")];
	const widths = styles.filter((s) => s.outlineStyle === "solid" && s.outlineColor !== "rgba(0, 0, 0, 0)").map((s) => parseFloat(s.outlineWidth));
	return [element.nodeName + " " + element.className, String(Math.max(0, ...widths))];
})()`

func TestFocusIsShownEverywhere(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": controls})
	b := open(t, s.URL)
	for _, media := range [][2]string{{"prefers-color-scheme", "light"}, {"prefers-color-scheme", "dark"}, {"forced-colors", "active"}} {
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: media[0], Value: media[1]}}})
		b.load(s.URL)
		count := eval[int](b, `document.querySelectorAll("main :is(a, button, input, select, textarea)").length`)
		require.Equal(t, 14, count)
		for range count {
			b.press(kb.Tab)
			now := eval[[]string](b, focused)
			require.Equal(t, "3", now[1], "%s, %s: %s", now[0], media[0], media[1])
		}
	}
}

func TestTargetsAreLargeEnough(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": controls})
	b := open(t, s.URL)
	require.Empty(t, eval[[]string](b, `[...document.querySelectorAll("a, button, input, select, textarea")]
		.filter((e) => e.getBoundingClientRect().height < (e.matches(".kern-btn, .time, input:not([type]), select") ? 44 : 24) && !e.closest(".interruption"))
		.map((e) => e.className + ": " + e.getBoundingClientRect().height)`))
}
