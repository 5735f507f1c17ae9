package static_test

import (
	"math"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// colours returns the stylesheet's own colours by their names, in the light or in the dark theme.
func colours(t *testing.T, dark bool) map[string]string {
	t.Helper()
	all := map[string]string{}
	both := regexp.MustCompile(`(?m)^  (--[a-z-]+): var\(--light, (?:var\(--town-[a-z-]+, )?(#[0-9a-f]+)\)+ var\(--dark, (?:var\(--town-[a-z-]+, )?(#[0-9a-f]+)\)+;`)
	for _, m := range both.FindAllStringSubmatch(stylesheet(t), -1) {
		all[m[1]] = m[2]
		if dark {
			all[m[1]] = m[3]
		}
	}
	one := regexp.MustCompile(`(?m)^  (--[a-z-]+): (?:var\(--town-[a-z-]+, )?(#[0-9a-f]+)\)?;`)
	for _, m := range one.FindAllStringSubmatch(stylesheet(t), -1) {
		all[m[1]] = m[2]
	}
	all["white"] = "#fff"
	return all
}

// luminance returns how bright a colour is, from 0 to 1 (WCAG 2.2, relative luminance).
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	require.NotEmpty(t, colour)
	digits := colour[1:]
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	require.Len(t, digits, 6, colour)
	var sum float64
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		require.NoError(t, err)
		channel := float64(n) / 255
		if channel <= .04045 {
			channel /= 12.92
		} else {
			channel = math.Pow((channel+.055)/1.055, 2.4)
		}
		sum += weight * channel
	}
	return sum
}

// contrast returns the contrast of two colours, from 1 to 21 (WCAG 2.2, contrast ratio).
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	one, other := luminance(t, a), luminance(t, b)
	return (max(one, other) + .05) / (min(one, other) + .05)
}

func TestColoursHaveContrast(t *testing.T) {
	t.Parallel()
	grounds := []string{"--ground", "--panel", "--card", "--soft", "--info-soft", "--success-soft", "--warning-soft", "--danger-soft"}
	atLeast := map[float64]map[string][]string{
		4.5: {
			"--ink": append([]string{"--line"}, grounds...), "--muted": grounds, "--accent": grounds, "--accent-deep": grounds,
			"--on-accent": {"--accent", "--accent-deep"}, "--band-ink": {"--band"}, "--danger": {"--ground", "--panel", "--danger-soft"},
			"--info": {"--info-soft"}, "--success": {"--success-soft"}, "--warning": {"--warning-soft"},
		},
		3: {"--edge": {"--ground", "--panel", "--card"}, "--focus": grounds, "white": {"--band"}},
	}
	for _, dark := range []bool{false, true} {
		all := colours(t, dark)
		for least, pairs := range atLeast {
			for front, backs := range pairs {
				for _, back := range backs {
					require.GreaterOrEqual(t, contrast(t, all[front], all[back]), least, "%s on %s, dark: %t", front, back, dark)
				}
			}
		}
	}
}
