package portal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// A price typed ten times too high is corrected on its day, a planned one moved or taken back, and whoever pays already pays what
// was asked.
func TestAPriceIsCorrectedAndTakenBack(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		fees := func() string {
			var all []string
			for _, f := range w.anonymous.Do(`query($id: ID!) { publicService(by: {id: $id}) { fees { amount { cents } validFrom validTo } } }`, suite.Vars{"id": w.place.Service}).OK("publicService.fees").Array() {
				all = append(all, strings.TrimSpace(fmt.Sprint(f.Get("amount.cents").Int(), " ", f.Get("validFrom").String(), " ", f.Get("validTo").String())))
			}
			return strings.Join(all, ", ")
		}
		file := fees()
		require.NotContains(t, file, ",")
		since := strings.Fields(file)[1]
		set := func(cents int, from string) {
			t.Helper()
			mutate(w.admin, "setFee", suite.Vars{"service": w.place.Service, "cents": cents, "legalBasis": basis(), "validFrom": from}).OK("setFee.publicService.id")
		}
		remove := func(from string) *suite.Answer {
			return mutate(w.admin, "removeFee", suite.Vars{"service": w.place.Service, "validFrom": from})
		}

		set(46000, "2026-11-23")
		require.Equal(t, "46000 2026-11-23", fees())
		set(4700, "2026-11-23")
		require.Equal(t, "4700 2026-11-23", fees(), "typed right now")
		remove("2026-11-23").OK("removeFee.publicService.id")
		require.Equal(t, "4600 "+since, fees(), "as if nothing had been said")

		set(6000, "2027-03-01")
		set(5000, "2027-01-01") // an earlier day, though a later one is planned
		require.Equal(t, "4600 "+since+" 2026-12-31, 5000 2027-01-01 2027-02-28, 6000 2027-03-01", fees())
		remove("2027-01-01").OK("removeFee.publicService.id")
		require.Equal(t, "4600 "+since+" 2027-02-28, 6000 2027-03-01", fees())
		set(0, "2027-06-01")
		require.Equal(t, "4600 "+since+" 2027-02-28, 6000 2027-03-01 2027-05-31, 0 2027-06-01", fees())
		key := suite.Key()
		for range 2 { // the second one is a repeat
			mutate(w.admin, "removeFee", suite.Vars{"service": w.place.Service, "validFrom": "2027-03-01", "idempotencyKey": key}).OK("removeFee.publicService.id")
		}
		remove("2027-06-01").OK("removeFee.publicService.id")
		require.Equal(t, file, fees())

		w.unchanged(t, func() {
			refused(t, remove("2027-06-01"), "NOT_FOUND", "input.validFrom")
			refused(t, remove("2026-11-22"), "INVALID_INPUT", "input.validFrom")
			refused(t, mutate(w.clerk, "removeFee", suite.Vars{"service": w.place.Service, "validFrom": "2027-06-01"}), "FORBIDDEN", "input.service")
		})
		for i := range 50 {
			set(100+i, fmt.Sprintf("2028-%02d-01", 1+i%12)[:7]+fmt.Sprintf("-%02d", 1+i/12))
		}
		w.unchanged(t, func() {
			refused(t, mutate(w.admin, "setFee", suite.Vars{"service": w.place.Service, "cents": 1, "legalBasis": basis(), "validFrom": "2027-12-01"}), "INVALID_INPUT", "input.validFrom")
		})
	})
}
