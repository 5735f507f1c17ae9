package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"

	"entgo.io/ent/dialect"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"nelke/ent/migrations"
)

// Migrate brings the database to the form that this program needs: our tables, then the job queue's.
// On a database that is there already it only looks. Several processes may start at once: one migrates, the others wait.
func (s *Store) Migrate(ctx context.Context) (err error) {
	if n, err := s.Pending(ctx); err != nil || n == 0 {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("store.Migrate: %w", err)
		}
	}()
	db, err := s.migrationDB()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	unlock, err := s.lockMigrations(ctx, db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	provider, err := s.goose(db)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	if err := s.checkForeignKeys(ctx, db); err != nil {
		return err
	}
	queue, err := s.queue(db)
	if err != nil {
		return err
	}
	_, err = queue.Migrate(ctx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: queueVersion(s.Dialect)})
	return err
}

// queueVersion is the version of the job queue's tables that this program needs. On PostgreSQL it is older than the newest one
// of River's: version 7 drops two tables and is unknown to builds with River 0.31, which would not start on it while they are
// still in use. River 0.51 works on version 6 as well, and takes a database that has a later one as it is.
func queueVersion(name string) int {
	if name == dialect.Postgres {
		return 6
	}
	return 8
}

// SchemaDigest returns a digest of what Migrate applies to an empty database: our migrations and those of the job queue. Two
// builds that apply the same have the same. name is ent's name of the database ("postgres", "sqlite3"). It is for tests that keep a database as a template.
func SchemaDigest(name string) (string, error) {
	ours, err := migrations.Digest(name)
	if err != nil {
		return "", err
	}
	queue, err := (&Store{Dialect: name}).queue(nil)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, ours)
	for _, m := range queue.AllVersions() {
		if m.Version <= queueVersion(name) {
			fmt.Fprintln(h, m.Version, len(m.SQLUp), m.SQLUp)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Pending is the number of migrations that Migrate would apply. It changes nothing.
func (s *Store) Pending(ctx context.Context) (n int, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store.Pending: %w", err)
		}
	}()
	applied, err := s.applied(ctx)
	if err != nil {
		return 0, err
	}
	provider, err := s.goose(s.read)
	if err != nil {
		return 0, err
	}
	for _, source := range provider.ListSources() {
		if !applied[source.Version] {
			n++
		}
	}
	queue, err := s.queue(s.read)
	if err != nil {
		return 0, err
	}
	existing, err := queue.ExistingVersions(ctx)
	if err != nil {
		return 0, err
	}
	done := map[int]bool{}
	for _, m := range existing {
		done[m.Version] = true
	}
	for _, m := range queue.AllVersions() {
		if m.Version <= queueVersion(s.Dialect) && !done[m.Version] {
			n++
		}
	}
	return n, nil
}

// applied are the versions of our own migrations that the database has. Asking goose would create its table.
func (s *Store) applied(ctx context.Context) (map[int64]bool, error) {
	there := `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'`
	if s.postgres() {
		there = `SELECT count(*) FROM pg_class WHERE oid = to_regclass('goose_db_version')`
	}
	var n int
	if err := s.read.QueryRowContext(ctx, there).Scan(&n); err != nil || n == 0 {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, `SELECT version_id FROM goose_db_version WHERE is_applied`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	applied := map[int64]bool{}
	for rows.Next() {
		var version int64
		if err := rows.Scan(&version); err != nil {
			return nil, err
		}
		applied[version] = true
	}
	return applied, rows.Err()
}

func (s *Store) goose(db *sql.DB) (*goose.Provider, error) {
	files, err := migrations.FS(s.Dialect)
	if err != nil {
		return nil, err
	}
	name := goose.DialectSQLite3
	if s.postgres() {
		name = goose.DialectPostgres
	}
	return goose.NewProvider(name, db, files, goose.WithDisableGlobalRegistry(true))
}

func (s *Store) queue(db *sql.DB) (*rivermigrate.Migrator[*sql.Tx], error) {
	var driver riverdriver.Driver[*sql.Tx] = riversqlite.New(db)
	if s.postgres() {
		driver = riverdatabasesql.New(db)
	}
	return rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
}

// migrationDB is a handle of its own: on PostgreSQL without time limits, since a migration may take long; on SQLite
// without foreign keys, since there a table is changed by building it anew, and dropping the old one would otherwise
// empty the tables that point to it. (The pragma that migrations bring along does nothing inside their transaction.)
func (s *Store) migrationDB() (*sql.DB, error) {
	if s.postgres() {
		return patientPostgres(s.url)
	}
	path, err := s.sqlitePath()
	if err != nil {
		return nil, err
	}
	return openFile(path, nil, 1, "_busy_timeout=60000&"+durable+"&_foreign_keys=0")
}

// checkForeignKeys looks for rows that lost what they point to, on SQLite, where migrations run without that check.
func (s *Store) checkForeignKeys(ctx context.Context, db *sql.DB) error {
	if s.postgres() {
		return nil
	}
	var table, parent string
	var row sql.NullInt64
	var key int
	err := db.QueryRowContext(ctx, "PRAGMA foreign_key_check").Scan(&table, &row, &parent, &key)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("foreign keys: %w", err)
	}
	return fmt.Errorf("foreign keys: row %d of %s points to nothing in %s", row.Int64, table, parent)
}
