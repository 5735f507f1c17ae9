package rollout

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/store"
	"nelke/server"
	"nelke/test/suite"
)

// world is a town's service in use.
type world struct {
	*suite.Process
	place  suite.Place
	free   suite.Filing
	paid   suite.Filing
	starts []string // free times, each used once
}

func (w *world) start() string {
	next := w.starts[0]
	w.starts = w.starts[4:] // more than a quarter of an hour later
	return next
}

func newWorld(t *testing.T, b *suite.Backend, options ...suite.Option) *world {
	t.Helper()
	return worldOf(t, suite.Serve(t, b, append([]suite.Option{suite.NewRunning(time.Now()).By}, options...)...))
}

func worldOf(t *testing.T, p *suite.Process) *world {
	t.Helper()
	w := &world{Process: p}
	w.place, w.free, w.paid = w.Place(), w.Filing("abmeldung-ins-ausland"), w.Filing("meldebescheinigung")
	w.starts = starts(w.Anonymous(), w.place)
	require.Greater(t, len(w.starts), 100)
	return w
}

// used does at a process what people and staff do in a day, and returns what it left behind.
func (w *world) used(t *testing.T, by *suite.Process) (appointment, application string) {
	t.Helper()
	person, clerk := w.Case().At(by), w.Clerk().At(by)
	require.Positive(t, person.Do(`{ publicServices(first: 50, filter: {ars: "`+suite.ARS+`"}) { totalCount nodes { name fee { amount { cents } } form { version } } } }`, nil).
		OK("publicServices.totalCount").Int())
	require.NotEmpty(t, person.Do(`{ changes(first: 10) { cursor changes { id } } }`, nil).OK("changes.changes").Array())
	require.NotEmpty(t, starts(person, w.place))

	appointment = hold(person, w.place, w.start(), suite.Key())
	require.Equal(t, "BOOKED", book(person, w.place, appointment).Get("status").String())
	write(person, "rescheduleAppointment", "appointment", suite.Vars{"appointment": appointment, "start": w.start()})
	held := hold(person, w.place, w.start(), suite.Key())
	write(person, "releaseHold", "appointment", suite.Vars{"appointment": held})

	application = submitted(person, w.free)
	write(clerk, "claimApplication", "application", suite.Vars{"application": application})
	due := reviewed(person, w.paid)
	require.Equal(t, "PENDING", write(person, "startPayment", "payment", suite.Vars{"application": due, "method": "CREDIT_CARD"}).Get("status").String())
	require.NotEmpty(t, clerk.Do(`query($id: ID!) { workQueue(first: 10, input: {municipality: {slug: "blomberg"}}) { nodes { id status } } appointment(id: $id) { status } }`,
		suite.Vars{"id": appointment}).OK("workQueue.nodes").Array())
	return appointment, application
}

// seen says that a process shows what another one wrote, as staff see it.
func (w *world) seen(t *testing.T, at *suite.Process, appointment, application string) {
	t.Helper()
	a := w.Clerk().At(at).Do(`query($a: ID!, $b: ID!) { appointment(id: $a) { status person { familyName } } application(id: $b) { status } }`,
		suite.Vars{"a": appointment, "b": application})
	require.JSONEq(t, `{"status": "BOOKED", "person": {"familyName": "Mustermann"}}`, a.OK("appointment").Raw)
	require.Equal(t, "IN_PROGRESS", a.OK("application.status").String())
}

// The order of a roll-out: the database is migrated while the landed build serves, then both serve, then the new one does.
func TestTheLandedBuildWorksBesideThisOne(t *testing.T) {
	t.Parallel()
	b := suite.Postgres(t)
	w := newWorld(t, b)
	o := serveLanded(t, w.Config)
	for range 2 { // each works, and sees what the other did
		theirs, application := w.used(t, o.Process)
		w.seen(t, w.Process, theirs, application)
		ours, application := w.used(t, w.Process)
		w.seen(t, o.Process, ours, application)
	}
	// What one of them holds the other one books; what one remembers under a key is a repeat at the other.
	person, key := w.Case(), suite.Key()
	start := w.start()
	held := hold(person, w.place, start, key)
	require.Equal(t, held, hold(person.At(o.Process), w.place, start, key))
	require.Equal(t, "BOOKED", book(person.At(o.Process), w.place, held).Get("status").String())
	require.Equal(t, http.StatusOK, o.status(t, "/readyz"))
	require.Empty(t, o.faults())
}

// A build that is put back in the place of this one finds a database that it can work with, and so does this one after it.
func TestTheLandedBuildTakesOverAnEmbeddedDatabase(t *testing.T) {
	t.Parallel()
	b := suite.SQLite()
	w := newWorld(t, b)
	ours, application := w.used(t, w.Process)
	require.NoError(t, w.Stop())

	if !queueGoesBack { // it must say so, rather than serve and leave the jobs undone
		refused, err := landedCommand(t, freeAddress(t), w.Config).CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(refused), "migration 7 not found")
		return
	}
	o := serveLanded(t, w.Config)
	w.seen(t, o.Process, ours, application)
	person := o.Case()
	theirs := hold(person, w.place, w.start(), suite.Key())
	book(person, w.place, theirs)
	sent := submitted(person, w.free)
	require.Empty(t, o.faults())
	o.stop()

	again := suite.Serve(t, b, suite.NewRunning(time.Now()).By, suite.In(w.Config.Data))
	w.seen(t, again, ours, application)
	require.Equal(t, "BOOKED", status(person.At(again), "appointment", theirs))
	require.Equal(t, "SUBMITTED", status(person.At(again), "application", sent))
}

// The way forward of an embedded database: the landed build has stopped, and this one finds its rows and works its jobs.
func TestThisBuildTakesOverAnEmbeddedDatabaseOfTheLandedBuild(t *testing.T) {
	t.Parallel()
	cfg := server.Defaults()
	cfg.PublicURL, cfg.Data, cfg.PaymentSecret = "http://nelke.test", t.TempDir(), "shared by all processes of one test"
	cfg.Demo = true
	o := serveLanded(t, cfg)
	w := worldOf(t, o.Process)
	theirs, application := w.used(t, o.Process)
	held := hold(o.Case(), w.place, w.start(), suite.Key())
	require.Empty(t, o.faults())
	o.stop()
	migrated(t, cfg)

	soon := time.Now().Add(30 * time.Minute) // the hold is over, by this clock
	ours := suite.Serve(t, suite.SQLite(), suite.NewRunning(soon).By, suite.In(cfg.Data))
	after := worldOf(t, ours)
	after.seen(t, ours, theirs, application)
	db := ours.Database()
	var kept int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM river_job WHERE kind = 'deliver_notice' AND args ->> 'subject' = $1`, theirs).Scan(&kept))
	require.Positive(t, kept)
	require.Eventually(t, func() bool {
		var state string
		require.NoError(t, db.QueryRow(`SELECT state FROM river_job WHERE kind = 'expire_hold' AND args ->> 'appointment' = $1`, held).Scan(&state))
		return state == "completed"
	}, 20*time.Second, 20*time.Millisecond)
	again, application := after.used(t, ours)
	after.seen(t, ours, again, application)
	require.NotContains(t, ours.Log.String(), `"level":"ERROR"`)
}

// migrated migrates the embedded database of a demo of the landed build, which left no mark that it is a demo's.
func migrated(t *testing.T, cfg server.Config) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{DataDir: cfg.Data})
	require.NoError(t, err)
	require.NoError(t, s.Migrate(t.Context()))
	_, err = s.WriteDB().ExecContext(t.Context(), `INSERT INTO demo_marks (name, at) VALUES ('demo', $1)`, time.Now())
	require.NoError(t, err)
	require.NoError(t, s.Close())
}
