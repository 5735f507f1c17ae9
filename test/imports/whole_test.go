package imports_test

import (
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// steps are statements of an import of changed, in its order: every kind of row that it writes.
func steps() []step {
	return []step{
		{"municipalities", "UPDATE"},
		{"privacy_notices", "INSERT"},
		{"payment_options", "DELETE"},
		{"payment_options", "INSERT"},
		{"town_pages", "DELETE"},
		{"town_pages", "INSERT"},
		{"public_services", "UPDATE"},
		{"fees", "DELETE"},
		{"fees", "INSERT"},
		{"forms", "INSERT"},
		{"offices", "UPDATE"},
		{"counters", "UPDATE"},
		{"opening_rules", "DELETE"},
		{"opening_rules", "INSERT"},
		{"closures", "INSERT"},
		{"events", "INSERT"},
		{"occasions", "UPDATE"},
		{"service_kinds", "UPDATE"},
	}
}

type step struct{ table, event string }

// trap makes a step fail, or never end.
func (p place) trap(t *testing.T, s step, hang bool) (remove func()) {
	t.Helper()
	if p.cfg.DatabaseURL != "" {
		body := "RAISE EXCEPTION 'trapped'"
		if hang {
			body = "PERFORM pg_sleep(1000)"
		}
		p.exec(t, `CREATE FUNCTION trapped() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN `+body+`; RETURN NULL; END $$`,
			`CREATE TRIGGER trap AFTER `+s.event+` ON `+s.table+` FOR EACH STATEMENT EXECUTE FUNCTION trapped()`)
		return func() { p.exec(t, `DROP TRIGGER trap ON `+s.table, `DROP FUNCTION trapped`) }
	}
	body := "SELECT RAISE(ABORT, 'trapped')"
	if hang {
		body = "SELECT count(*) FROM (WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c)"
	}
	p.exec(t, `CREATE TRIGGER trap AFTER `+s.event+` ON `+s.table+` BEGIN `+body+`; END`)
	return func() { p.exec(t, `DROP TRIGGER trap`) }
}

func TestAnImportThatFailsAtAnyStepLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		before := p.dump(t)
		town := changed(t)
		for _, s := range steps() {
			t.Run(s.event+" of "+s.table, func(t *testing.T) {
				defer p.trap(t, s, false)()
				_, err := server.Import(t.Context(), p.cfg, []string{town.File})
				require.ErrorContains(t, err, "trapped")
				require.Equal(t, before, p.dump(t))
			})
		}
		require.True(t, town.Import(p.cfg))
		require.NotEqual(t, before, p.dump(t))
	})
}

// Killed in the middle, the program leaves the database as it was, byte for byte, and the next import goes through.
func TestAnImportThatIsKilledLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		before := p.dump(t)
		town := changed(t)
		for _, s := range []step{{"privacy_notices", "INSERT"}, {"fees", "DELETE"}, {"closures", "INSERT"}, {"events", "INSERT"}} {
			t.Run("at "+s.event+" of "+s.table, func(t *testing.T) {
				remove := p.trap(t, s, true)
				run := p.command(t, "import", town.File)
				require.NoError(t, run.Start())
				p.awaitWriter(t)
				require.NoError(t, run.Process.Kill())
				require.Error(t, run.Wait())
				if p.cfg.DatabaseURL != "" { // its session sleeps, and hasn't noticed yet
					p.exec(t, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event = 'PgSleep'`)
				}
				remove()
				require.Equal(t, before, p.dump(t))
			})
		}
		require.True(t, town.Import(p.cfg))
		require.NotEqual(t, before, p.dump(t))
	})
}

// awaitWriter returns when another process is within its transaction.
func (p place) awaitWriter(t *testing.T) {
	t.Helper()
	var impatient *sql.DB
	if p.cfg.DatabaseURL == "" {
		var err error
		impatient, err = sql.Open("sqlite", "file:"+filepath.Join(p.cfg.Data, "nelke.db")+"?_busy_timeout=0&_txlock=immediate")
		require.NoError(t, err)
		defer func() { require.NoError(t, impatient.Close()) }()
	}
	require.Eventually(t, func() bool {
		if impatient != nil {
			tx, err := impatient.Begin()
			if err == nil {
				_ = tx.Rollback()
			}
			return err != nil
		}
		sleeping := 0
		err := p.db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`).Scan(&sleeping)
		return err == nil && sleeping == 1
	}, 20*time.Second, 5*time.Millisecond)
}

// command is the program with the place's configuration.
func (p place) command(t *testing.T, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(t.Context(), binary, arguments...)
	c.Env = append(os.Environ(), "NELKE_DATA="+p.cfg.Data, "DATABASE_URL="+p.cfg.DatabaseURL, "REDIS_URL="+p.cfg.RedisURL)
	return c
}

func TestImportsAtOnceAreOneAfterTheOther(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		cfg := b.Configuration(t.TempDir())
		_, err := server.Migrate(t.Context(), cfg, false)
		require.NoError(t, err)
		blomberg, detmold := suite.NewTown(t), suite.NewTown(t).Renamed("detmold", "057660020020", "05766020")
		files := []string{blomberg.File, detmold.File}
		done := make([]bool, 8)
		errs := make([]error, len(done))
		var racing sync.WaitGroup
		for i := range done {
			racing.Go(func() {
				imported, err := server.Import(t.Context(), cfg, []string{files[i%2]})
				errs[i] = err
				done[i] = err == nil && imported[0].Changed
			})
		}
		racing.Wait()
		fresh := 0
		for i := range done {
			require.NoError(t, errs[i])
			if done[i] {
				fresh++
			}
		}
		require.Equal(t, 2, fresh, "one for each town")
		db := suite.OpenDatabase(t, cfg)
		for query, want := range map[string]int{
			`SELECT count(*) FROM municipalities`: 2, `SELECT count(*) FROM counters`: 6, `SELECT count(DISTINCT number) FROM counters`: 6,
			`SELECT count(*) FROM events`: 2, `SELECT count(*) FROM privacy_notices`: 4,
		} {
			n := 0
			require.NoError(t, db.QueryRow(query).Scan(&n))
			require.Equal(t, want, n, query)
		}
		events, faults, err := server.Audit(t.Context(), cfg)
		require.NoError(t, err)
		require.Empty(t, faults)
		require.Equal(t, 2, events)
	})
}
