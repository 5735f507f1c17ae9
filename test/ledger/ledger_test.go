package ledger

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/internal/store"
	"nelke/test/suite"
	"nelke/test/suite/property"
)

// TestLedger runs random operations against the service and against the plain model, and compares after each of them all
// that people see of their applications and payments, every event, what the provider was asked to do, and its books. On
// PostgreSQL there are two processes, and each operation goes to either.
func TestLedger(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		town := openTown(t, b)
		for n := operations(); town.operations < n || len(town.missing()) > 0; {
			require.Less(t, town.operations, n+10_000, "%v never took place", town.missing())
			rapid.Check(t, func(rt *rapid.T) {
				m := town.begin(t, rt)
				rt.Repeat(m.actions())
				m.finish()
			})
		}
		t.Log(town.operations, "operations", town.outcomes)
	})
}

// TestWhatIsOpenIsSettledByTheServiceItself leaves the end of a run to the service's own workers, who find everything due
// at once: every cent must be explained all the same.
func TestWhatIsOpenIsSettledByTheServiceItself(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		rapid.Check(t, func(rt *rapid.T) {
			if b.Redis != nil {
				b = suite.Postgres(t) // a database of its own, also for a run that is tried again
			}
			m := openTown(t, b).begin(t, rt)
			for len(m.book.payments) < 10 {
				rt.Repeat(m.actions())
			}
			m.admits()
			resume(t, m.db)
			m.clock.Advance(draftLife + grace)
			m.quiet()
			m.rested()
			m.audited()
		})
	})
}

// operations is how many there are at least, on each backend.
func operations() int {
	if os.Getenv("NELKE_PROOFS") == "long" {
		return 20_000
	}
	return 1000
}

// town is a running service with Blomberg in it, and a bank. Each run of the machine has cases of its own, in a week of its
// own, later than the one before: what was there stays there, and disturbs nobody.
type town struct {
	processes []*suite.Process
	clock     *suite.Clock
	zone      *time.Location
	bank      *bank
	db        *store.Store
	worker    *worker
	filings   map[string]suite.Filing // by slug of the service
	changed   map[string]string       // the last price that was set, and from when on, by slug
	closed    map[string]bool         // services whose state was set

	operations int
	outcomes   map[string]int // how often one ended so
}

func openTown(t *testing.T, b *suite.Backend) *town {
	t.Helper()
	folder := t.TempDir()
	clock := suite.NewClock(suite.Start()) // until there is the service's
	cfg := b.Configuration(folder)
	db, err := store.Open(t.Context(), store.Config{DatabaseURL: cfg.DatabaseURL, DataDir: folder, Clock: func() time.Time { return clock.Now() }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	pause(t, db)

	bank := openBank(t)
	p := suite.Serve(t, b, suite.In(folder), bank.Takes)
	clock = p.Clock
	w := &town{
		processes: []*suite.Process{p}, clock: p.Clock, zone: suite.Start().Location(), bank: bank, db: db,
		worker: newWorker(t, p, db, bank), filings: map[string]suite.Filing{},
		changed: map[string]string{}, closed: map[string]bool{}, outcomes: map[string]int{},
	}
	if b.Redis != nil {
		w.processes = append(w.processes, p.Beside(b, bank.Takes))
	}
	for _, s := range services() {
		w.filings[s.slug] = p.Filing(s.slug)
	}
	return w
}

// services are as the town's file describes them.
func services() []*service {
	return []*service{
		{slug: "abmeldung-ins-ausland", days: 14},
		{slug: "meldebescheinigung", days: 5, fees: []fee{{"", 900, 900}}},
		{slug: "sterbeurkunde", days: 3, fees: []fee{{"", 1000, 500}}, copies: true},
	}
}

// begin goes to a Monday on which every service is open and has its first price, and opens three cases.
func (w *town) begin(t *testing.T, rt *rapid.T) *machine {
	m := &machine{town: w, t: property.T{TB: t, Rapid: rt}, clerks: map[string]*suite.Client{}, last: "the beginning"}
	w.bank.is(moods{truthful, truthful})
	w.worker.clear(m.t)
	w.reset(m)
	now := w.clock.Now().In(w.zone).AddDate(0, 0, 2)
	for now.Weekday() != time.Monday {
		now = now.AddDate(0, 0, 1)
	}
	w.clock.Set(time.Date(now.Year(), now.Month(), now.Day(), 7, 0, 0, 0, w.zone))
	m.book = &plain{
		now: w.clock.Now(), zone: w.zone, services: services(), orders: map[string]*payment{}, reports: map[[5]string]bool{},
		owed: map[string]map[string]bool{}, named: map[string]map[string]bool{}, told: map[string]bool{},
	}
	w.bank.asked = len(w.bank.Calls())
	for i := range 3 {
		c := w.processes[0].Case().For(m.t)
		who := &person{noticed: i > 0, email: i > 0}
		if who.email {
			c.Do(`mutation($in: SetContactInput!) { setContact(input: $in) { case { id } problems { code } } }`, suite.Vars{"in": suite.Vars{
				"idempotencyKey": suite.Key(), "privacyNotice": w.notice(), "givenName": "Erika", "familyName": "Mustermann", "email": "erika@example.org",
			}}).OK("setContact.case.id")
		}
		found := c.Do(`{ viewer { case { id events { sequence } } } }`, nil).OK("viewer.case")
		who.id, who.skipped = found.Get("id").String(), len(found.Get("events").Array())
		m.people, m.book.people = append(m.people, c), append(m.book.people, who)
	}
	return m
}

func (w *town) notice() string { return w.filings["meldebescheinigung"].Notice }

// reset undoes what runs before have set: it goes to a day on which prices can be set again, and sets the first ones.
func (w *town) reset(m *machine) {
	for _, from := range w.changed {
		day, err := time.ParseInLocation(time.DateOnly, from, w.zone)
		require.NoError(m.t, err)
		if day.After(w.clock.Now()) {
			w.clock.Set(day.Add(time.Hour))
		}
	}
	admin := w.processes[0].Staff("anna", "ADMIN@"+suite.ARS).For(m.t)
	for _, s := range services() {
		id := w.filings[s.slug].Service
		if w.changed[s.slug] != "" {
			base := fee{}
			if len(s.fees) > 0 {
				base = s.fees[0]
			}
			base.from = w.clock.Now().In(w.zone).AddDate(0, 0, 1).Format(time.DateOnly)
			m.admin(admin, "setFee", pricing(id, base)).OK("setFee.publicService.id")
			delete(w.changed, s.slug)
		}
		if w.closed[s.slug] {
			m.admin(admin, "setServiceState", suite.Vars{"service": id, "open": true, "idempotencyKey": suite.Key()}).OK("setServiceState.publicService.id")
			m.heard(id)
			delete(w.closed, s.slug)
		}
	}
}

// missing is what matters and hasn't taken place yet: without it the test would prove little.
func (w *town) missing() (outcomes []string) {
	for _, outcome := range []string{
		"submitApplication", "submitApplication FEE_UNPAID", "saveAnswers STALE_REVISION", "saveAnswers ANSWERS_INVALID", "saveAnswers WRONG_STATE",
		"startPayment", "startPayment PAYMENT_UNDER_WAY", "cancelPayment", "withdrawApplication", "claimApplication", "completeApplication",
		"withdrawInformationRequest", "recordInformationAnswer", "releaseApplication", "reopenApplication", "recordRefund",
		"webhook", "webhook refused", "returned", "settle_payment", "tend_draft", "deliver_notice", "setFee", "setServiceState",
		"repeated", "IDEMPOTENCY_KEY_REUSED", "PAID", "EXPIRED", "REFUNDED", "LATE", "WITHDRAWN",
	} {
		if w.outcomes[outcome] == 0 {
			outcomes = append(outcomes, outcome)
		}
	}
	return outcomes
}
