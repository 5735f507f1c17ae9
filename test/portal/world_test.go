// Package portal_test holds the promises of the graph's operations against the running service: GraphQL in, GraphQL
// out, on the embedded default and on PostgreSQL with Redis alike.
package portal_test

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

// The mutations with the types of their inputs and what their payloads carry.
var mutations = map[string]struct{ input, result string }{
	"openCase":              {"OpenCaseInput", "case"},
	"setContact":            {"SetContactInput", "case"},
	"holdSlot":              {"HoldSlotInput", "appointment"},
	"extendHold":            {"ExtendHoldInput", "appointment"},
	"releaseHold":           {"ReleaseHoldInput", "appointment"},
	"bookAppointment":       {"BookAppointmentInput", "appointment"},
	"rescheduleAppointment": {"RescheduleAppointmentInput", "appointment"},
	"cancelAppointment":     {"CancelAppointmentInput", "appointment"},
	"bookAppointmentFor":    {"BookAppointmentForInput", "appointment"},
	"correctAppointment":    {"CorrectAppointmentInput", "appointment"},
	"checkIn":               {"CheckInInput", "appointment"},
	"undoCheckIn":           {"UndoCheckInInput", "appointment"},
	"callAppointment":       {"CallAppointmentInput", "appointment"},
	"callAgain":             {"CallAgainInput", "appointment"},
	"undoCall":              {"UndoCallInput", "appointment"},
	"callNext":              {"CallNextInput", "appointment"},
	"completeAppointment":   {"CompleteAppointmentInput", "appointment"},
	"recordNoShow":          {"RecordNoShowInput", "appointment"},
	"setServiceState":       {"SetServiceStateInput", "publicService"},
	"setFee":                {"SetFeeInput", "publicService"},
	"removeFee":             {"RemoveFeeInput", "publicService"},
	"resetServiceState":     {"ResetServiceStateInput", "publicService"},
	"resetPaymentMethods":   {"ResetPaymentMethodsInput", "municipality"},
	"changeClosure":         {"ChangeClosureInput", "office"},
	"removeClosure":         {"RemoveClosureInput", "office"},
	"addOpening":            {"AddOpeningInput", "office"},
	"removeOpening":         {"RemoveOpeningInput", "office"},
	"resetOpeningHours":     {"ResetOpeningHoursInput", "office"},
	"setPaymentMethods":     {"SetPaymentMethodsInput", "municipality"},
	"setBanner":             {"SetBannerInput", "municipality"},
	"removeBanner":          {"RemoveBannerInput", "municipality"},
	"addClosure":            {"AddClosureInput", "office"},
	"setOpeningHours":       {"SetOpeningHoursInput", "office"},
}

const problems = ` problems { code message path ... on SlotTaken { reason alternatives } ... on RateLimited { retryAfterSeconds } }`

// mutation is the document of one mutation, with its input in $in.
func mutation(name string) string {
	fields := map[string]string{
		"case":          `id contact { givenName familyName email language address { street houseNumber postalCode city country } }`,
		"appointment":   `id reference status start end heldUntil channel counter { id } person { givenName familyName }`,
		"publicService": `id open opensAt closesAt stateMessage fee { amount { cents } validFrom }`,
		"municipality":  `id paymentMethods paymentOptions { method enabled validFrom validTo } banner { text from to }`,
		"office":        `id closures { from to hours { from to } counter { id } reason }`,
	}
	m := mutations[name]
	return `mutation($in: ` + m.input + `!) { ` + name + `(input: $in) { ` + m.result + ` { ` + fields[m.result] + ` }` + problems + ` } }`
}

// world is a service with people in it.
type world struct {
	*suite.Process
	place     suite.Place
	anonymous *suite.Client
	holder    *suite.Client // has a hold and an appointment
	other     *suite.Client // has neither
	clerk     *suite.Client
	admin     *suite.Client
	foreign   *suite.Client // clerk and admin of another town
	held      string        // id of the holder's hold, 2026-11-24 09:00
	booked    string        // id of the holder's appointment, 2026-11-23 10:00
	caseID    string        // id of the holder's case
	counters  []string
	database  *sql.DB
}

func newWorld(t *testing.T, b *suite.Backend, options ...suite.Option) *world {
	t.Helper()
	// Sweepers would tidy up beside the test, and nothing but tidiness depends on them.
	p := suite.Serve(t, b, append([]suite.Option{func(c *server.Config) { c.Sweepers = false }}, options...)...)
	w := &world{
		Process: p, place: p.Place(), anonymous: p.Anonymous(), holder: p.Case(), other: p.Case(), clerk: p.Clerk(),
		admin:    p.Staff("anna", "ADMIN@"+suite.ARS),
		foreign:  p.Staff("fritz", "CLERK@"+suite.OtherARS, "ADMIN@"+suite.OtherARS),
		database: p.Database(),
	}
	w.booked = w.holder.Booked(w.place, "2026-11-23T10:00:00+01:00").Get("id").String()
	w.held = w.holder.Hold(w.place, "2026-11-24T09:00:00+01:00", suite.Key()).OK("holdSlot.appointment.id").String()
	w.caseID = w.holder.Do(`{ viewer { case { id } } }`, nil).OK("viewer.case.id").String()
	for _, id := range p.Anonymous().Do(`{ municipality(by: {slug: "blomberg"}) { offices { counters { id } } } }`, nil).OK("municipality.offices.0.counters.#.id").Array() {
		w.counters = append(w.counters, id.String())
	}
	return w
}

// in is the same world within a subtest.
func (w world) in(t *testing.T) *world {
	for _, c := range []**suite.Client{&w.anonymous, &w.holder, &w.other, &w.clerk, &w.admin, &w.foreign} {
		*c = (*c).For(t)
	}
	return &w
}

// service is the id of one of Blomberg's services.
func (w *world) service(slug string) string {
	return w.anonymous.Do(`query($s: String!) { publicService(by: {slug: {municipality: "blomberg", service: $s}}) { id } }`,
		suite.Vars{"s": slug}).OK("publicService.id").String()
}

// effects is everything that a write could have left behind.
func (w *world) effects(t *testing.T) string {
	t.Helper()
	return suite.Effects(t, w.database, w.Clock, "allocation", "appointments", "cases", "closures", "events", "fees", "idempotencies", "municipalities", "offices",
		"opening_rules", "openings", "payment_options", "public_services")
}

// unchanged runs something that must leave nothing behind.
func (w *world) unchanged(t *testing.T, run func()) {
	t.Helper()
	before := w.effects(t)
	run()
	require.Equal(t, before, w.effects(t), "it left something behind")
}

// mutate runs a mutation with a key of its own, unless the input brings one.
func mutate(c *suite.Client, name string, input suite.Vars) *suite.Answer {
	in := suite.Vars{"idempotencyKey": suite.Key()}
	for k, v := range input {
		in[k] = v
	}
	return c.Do(mutation(name), suite.Vars{"in": in})
}

// refused says that an answer has the problem, at the path, and nothing else.
func refused(t *testing.T, a *suite.Answer, code, path string) {
	t.Helper()
	a.Clean()
	require.Equal(t, http.StatusOK, a.Status)
	require.False(t, a.Get("errors").Exists(), a.Raw)
	require.Equal(t, code, a.Problem(), a.Raw)
	a.Get("data").ForEach(func(name, root gjson.Result) bool {
		result := root.Get(mutations[name.String()].result)
		require.True(t, result.Exists() && result.Type == gjson.Null, a.Raw)
		require.Len(t, root.Get("problems").Array(), 1)
		require.NotEmpty(t, root.Get("problems.0.message").String())
		require.Equal(t, path, pathOf(root.Get("problems.0.path")), a.Raw)
		return true
	})
}

// failed says that an answer has an error of the code, at the path of the input if it names one, and no data.
func failed(t *testing.T, a *suite.Answer, code, path string) {
	t.Helper()
	a.Clean()
	require.Equal(t, code, a.ErrorCode(), a.Raw)
	require.NotEmpty(t, a.Get("errors.0.message").String(), a.Raw)
	require.Equal(t, path, pathOf(a.Get("errors.0.extensions.path")), a.Raw)
	a.Get("data").ForEach(func(_, root gjson.Result) bool {
		require.Equal(t, gjson.Null, root.Type, a.Raw)
		return true
	})
}

func pathOf(path gjson.Result) string {
	var parts []string
	for _, p := range path.Array() {
		parts = append(parts, p.String())
	}
	return strings.Join(parts, ".")
}

// person is somebody to book for.
func person(change ...any) suite.Vars { return with(suite.Erika(), change...) }

// with is a copy of an input with other values, given as name, value, …
func with(in suite.Vars, change ...any) suite.Vars {
	out := suite.Vars{}
	for k, v := range in {
		out[k] = v
	}
	for i := 0; i+1 < len(change); i += 2 {
		name, _ := change[i].(string)
		out[name] = change[i+1]
	}
	return out
}

// never are ids that nothing has: unknown ones, ones of another type, and ones that are none.
func (w *world) never(prefix string) map[string]string {
	ids := map[string]string{
		"unknown":           prefix + "_01kaqd0000e8ar0000000000zz",
		"of another type":   w.place.Notice,
		"nonsense":          "42",
		"empty":             "",
		"very long":         prefix + "_" + strings.Repeat("z", 80),
		"with SQL":          "' OR 1=1 --",
		"with NUL":          prefix + "_\x00",
		"with a lone quote": `"`,
		"prefix alone":      prefix + "_",
	}
	return ids
}
