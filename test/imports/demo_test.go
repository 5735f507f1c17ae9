package imports

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// served runs a service until it is ready, and returns why it didn't become so.
func served(t *testing.T, cfg server.Config, demo bool) error {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	cfg.Demo, cfg.Addr, cfg.StopDelay = demo, "127.0.0.1:0", 0
	cfg.Options.Ready = func(string) { stop() }
	return server.Run(ctx, cfg)
}

const (
	ofATown = "no demo made"
	ofADemo = "was made by a demo"
)

// A demo's tokens, which anybody may have, never open what a town has: neither what was there before the demo, nor what people
// would leave in a demo's database once it is served as a town's.
func TestADemoAndATownHaveDatabasesOfTheirOwn(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		fresh := func() (cfg server.Config) {
			cfg = b.Anew(t).Configuration(t.TempDir())
			cfg.Demo = false
			_, err := server.Migrate(t.Context(), cfg, false)
			require.NoError(t, err)
			return cfg
		}

		town := fresh()
		require.True(t, suite.NewTown(t).Import(town))
		before := suite.Dump(t, suite.OpenDatabase(t, town), "municipalities", "demo_marks", "events")
		require.ErrorContains(t, served(t, town, true), ofATown)
		demo := town
		demo.Demo = true
		_, err := server.Import(t.Context(), demo, []string{suite.NewTown(t).Edit("", "cents: 4600", "cents: 4700").File})
		require.ErrorContains(t, err, ofATown)
		require.Equal(t, before, suite.Dump(t, suite.OpenDatabase(t, town), "municipalities", "demo_marks", "events"))
		require.NoError(t, served(t, town, false))

		cases := fresh() // of a town that was taken out by hand
		require.True(t, suite.NewTown(t).Import(cases))
		_, err = suite.OpenWriter(t, cases).Exec(`INSERT INTO cases (id, municipality_id, key_hash, language, event_count, event_head, opened_at)
			SELECT 'case_1', id, 'hash', 'de', 0, '', $1 FROM municipalities`, suite.Start())
		require.NoError(t, err)
		require.ErrorContains(t, served(t, cases, true), ofATown)

		made := fresh()
		require.NoError(t, served(t, made, true), "it was empty")
		require.NoError(t, served(t, made, true), "and is the demo's own now")
		require.ErrorContains(t, served(t, made, false), ofADemo)
		require.True(t, suite.NewTown(t).Edit("", "cents: 4600", "cents: 4700").Import(made), "what is imported beside it is its own, too")
		require.NoError(t, served(t, made, true))
		require.ErrorContains(t, served(t, made, false), ofADemo)

		first := fresh() // towns before the first start
		first.Demo = true
		require.True(t, suite.NewTown(t).Import(first))
		require.NoError(t, served(t, first, true))
		require.ErrorContains(t, served(t, first, false), ofADemo)

		empty := fresh()
		require.NoError(t, served(t, empty, false))
		require.NoError(t, served(t, empty, true), "nobody has left anything in it")
	})
}

// The replicas of a demo begin side by side.
func TestReplicasOfADemoClaimADatabaseTogether(t *testing.T) {
	t.Parallel()
	cfg := suite.Postgres(t).Configuration("")
	cfg.PaymentSecret = "a secret that all replicas share"
	const replicas = 3
	ended := make(chan error, replicas)
	for range replicas {
		cfg := cfg
		cfg.Data = t.TempDir()
		go func() { ended <- served(t, cfg, true) }()
	}
	for range replicas {
		require.NoError(t, <-ended)
	}
}
