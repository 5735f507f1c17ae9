package store

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"entgo.io/ent/dialect"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"nelke/internal/tracing"
)

const sqliteFile = "nelke.db"

func (s *Store) openSQLite(cfg Config) (err error) {
	s.Dialect = dialect.SQLite
	if s.clock == nil {
		s.clock = time.Now
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil { // it holds personal data
		return err
	}
	path, err := s.sqlitePath()
	if err != nil {
		return err
	}
	if err := makePrivate(path); err != nil {
		return err
	}
	n := cfg.MaxConns
	if n == 0 {
		n = max(4, 2*runtime.GOMAXPROCS(0))
	}
	writing := fmt.Sprintf("_busy_timeout=%d&", cmp.Or(cfg.LockWait, 5*time.Second).Milliseconds()) + durable + "&_foreign_keys=1"
	instants := "_time_integer_format=unix_micro&_inttotime=1"
	if s.write, err = openFile(path, cfg.Tracer, 1, writing, instants); err != nil {
		return err
	}
	s.jobs = s.write // a connection of its own would wait for the write lock, for seconds while others write without a pause
	s.read, err = openFile(path, cfg.Tracer, n, "_busy_timeout=5000&_query_only=1", instants)
	return err
}

// makePrivate makes sure that nobody but the process's user reads the database's files, those that SQLite makes beside it
// included: they get the mode of the file. A folder into which everybody writes is refused, since there others could put
// files in their places.
func makePrivate(path string) error {
	folder := filepath.Dir(path)
	if about, err := os.Stat(folder); err != nil {
		return err
	} else if about.Mode()&0o002 != 0 {
		return fmt.Errorf("everybody may write into the folder %s: it holds personal data, so take that right away (chmod o-w)", folder)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	for _, part := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Chmod(part, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (s *Store) sqlitePath() (string, error) {
	return filepath.Abs(filepath.Join(s.dataDir, sqliteFile))
}

// A commit is on the disk before it is answered (synchronous FULL): what was accepted survives a power cut.
// A transaction takes the write lock as it begins: one that began as a reader could not be promised it later.
const durable = "_journal_mode=WAL&_synchronous=FULL&_txlock=immediate"

func openFile(path string, tracer *tracing.Tracer, conns int, options ...string) (*sql.DB, error) {
	query := ""
	for _, o := range options {
		query += "&" + o
	}
	name := (&url.URL{Scheme: "file", Path: path, RawQuery: query[1:]}).String()
	open := func() (*sql.DB, error) { return sql.Open("sqlite", name) }
	if tracer != nil {
		open = func() (*sql.DB, error) { return openTraced(name, tracer) }
	}
	db, err := open()
	if err != nil {
		return nil, fmt.Errorf("openFile(%s): %w", path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}
