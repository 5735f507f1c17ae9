// Command migrategen writes the migrations of ent/migrations from ent/schema, for both databases at once. `make migration`
// runs it on a PostgreSQL of its own.
//
//	NELKE_TEST_DATABASE_URL=postgres://… go run ./internal/store/migrategen -name add_phone
//	NELKE_TEST_DATABASE_URL=postgres://… go run ./internal/store/migrategen -check
//
// It plays the migrations that are there on an empty database, compares the result with what ent generated
// (so run `go generate ./ent` first), and writes what is missing as the next numbered file. Where nothing is
// missing it says so and writes nothing. With -check it only says what is missing, and exits with 1.
//
// The URL names a PostgreSQL server on which it may create a scratch database, and drops it. SQLite is a temporary file.
//
// Tables that ent doesn't know (allocation, those of the job queue) are neither compared nor touched; for the same
// reason a table that leaves ent/schema must be dropped by a migration written by hand. Columns and indexes are dropped.
//
// Until the first release the initial migration may be made anew instead of adding to it:
//
//	rm ent/migrations/*/00001_init.sql && go run ./internal/store/migrategen -name init
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/sqltool"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	entmigrate "nelke/ent/migrate"
)

func main() {
	dir := flag.String("dir", "ent/migrations", "folder with a folder per database")
	name := flag.String("name", "", "what the migration does, in a word or two joined by _")
	check := flag.Bool("check", false, "write nothing; exit with 1 if a migration is missing")
	flag.Parse()
	if err := run(context.Background(), *dir, *name, *check); err != nil {
		fmt.Fprintln(os.Stderr, "migrategen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, name string, check bool) error {
	if check {
		name = "check"
	}
	if !regexp.MustCompile(`^[a-z0-9_]+$`).MatchString(name) {
		return errors.New("-name must be of a-z, 0-9 and _")
	}
	var errs []error
	for _, db := range []struct {
		folder string
		open   func(context.Context) (*sql.DB, func() error, error)
		name   string
	}{
		{"postgres", scratchPostgres, dialect.Postgres},
		{"sqlite", scratchSQLite, dialect.SQLite},
	} {
		if err := one(ctx, filepath.Join(dir, db.folder), name, check, db.name, db.open); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", db.folder, err))
		}
	}
	return errors.Join(errs...)
}

func one(ctx context.Context, dir, name string, check bool, dialectName string, open func(context.Context) (*sql.DB, func() error, error)) (err error) {
	db, drop, err := open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()

	missing, err := plan(ctx, db, dialectName, os.DirFS(dir), name)
	if err != nil {
		return err
	}
	if missing == "" {
		if !check {
			fmt.Printf("%s: nothing is missing\n", dir)
		}
		return nil
	}
	if check {
		return fmt.Errorf("ent/schema is ahead of the migrations; pending:\n%s", missing)
	}
	number, err := firstFree(dir)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, fmt.Sprintf("%05d_%s.sql", number, name))
	fmt.Println(file)
	return os.WriteFile(file, []byte(missing), 0o644)
}

// plan is the text of the migration that is missing, or nothing. Atlas wants a folder that it may write to, with
// a file of checksums: it gets a copy.
func plan(ctx context.Context, db *sql.DB, dialectName string, migrations fs.FS, name string) (_ string, err error) {
	tmp, err := os.MkdirTemp("", "migrategen-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	if err := os.CopyFS(tmp, migrations); err != nil {
		return "", err
	}
	dir, err := sqltool.NewGooseDir(tmp)
	if err != nil {
		return "", err
	}
	sum, err := dir.Checksum()
	if err != nil {
		return "", err
	}
	if err := migrate.WriteSumFile(dir, sum); err != nil {
		return "", err
	}
	atlas, err := schema.NewMigrate(entsql.OpenDB(dialectName, db),
		schema.WithDir(dir),
		schema.WithMigrationMode(schema.ModeReplay),
		schema.WithDialect(dialectName),
		schema.WithFormatter(sqltool.GooseFormatter),
		schema.WithDropColumn(true),
		schema.WithDropIndex(true),
	)
	if err != nil {
		return "", err
	}
	wrapChecks(entmigrate.Tables)
	before, err := sqlFiles(tmp)
	if err != nil {
		return "", err
	}
	if err := atlas.NamedDiff(ctx, name, entmigrate.Tables...); err != nil {
		return "", err
	}
	after, err := sqlFiles(tmp)
	if err != nil {
		return "", err
	}
	for file := range after {
		if !before[file] {
			text, err := os.ReadFile(filepath.Join(tmp, file))
			return string(text), err
		}
	}
	return "", nil
}

// wrapChecks puts each check into parentheses. Atlas does so only for one that doesn't begin and end with one,
// and takes "(a) = (b)" for wrapped.
func wrapChecks(tables []*schema.Table) {
	for _, t := range tables {
		if t.Annotation == nil {
			continue
		}
		for name, expr := range t.Annotation.Checks {
			if strings.HasPrefix(expr, "(") && !strings.HasPrefix(expr, "((") {
				t.Annotation.Checks[name] = "(" + expr + ")"
			}
		}
	}
}

func sqlFiles(dir string) (map[string]bool, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.sql"))
	files := map[string]bool{}
	for _, p := range paths {
		files[filepath.Base(p)] = true
	}
	return files, err
}

// firstFree is the next number; or that of a file that was removed in order to be written anew.
func firstFree(dir string) (int, error) {
	files, err := sqlFiles(dir)
	if err != nil {
		return 0, err
	}
	taken := map[int]bool{}
	for file := range files {
		number, _, _ := strings.Cut(file, "_")
		n, err := strconv.Atoi(number)
		if err != nil {
			return 0, fmt.Errorf("%s has no number", file)
		}
		taken[n] = true
	}
	n := 1
	for taken[n] {
		n++
	}
	return n, nil
}

func scratchPostgres(ctx context.Context) (*sql.DB, func() error, error) {
	server := os.Getenv("NELKE_TEST_DATABASE_URL")
	if server == "" {
		return nil, nil, errors.New("NELKE_TEST_DATABASE_URL is not set")
	}
	u, err := url.Parse(server)
	if err != nil {
		return nil, nil, errors.New("NELKE_TEST_DATABASE_URL is no URL")
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		return nil, nil, err
	}
	name := fmt.Sprintf("nelke_migrategen_%d", os.Getpid())
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, nil, errors.Join(err, admin.Close())
	}
	u.Path = "/" + name
	db, err := sql.Open("pgx", u.String())
	drop := func() error {
		errs := []error{}
		if db != nil {
			errs = append(errs, db.Close())
		}
		_, err := admin.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(append(errs, err, admin.Close())...)
	}
	if err != nil {
		return nil, nil, errors.Join(err, drop())
	}
	return db, drop, nil
}

func scratchSQLite(context.Context) (*sql.DB, func() error, error) {
	tmp, err := os.MkdirTemp("", "migrategen-")
	if err != nil {
		return nil, nil, err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(tmp, "scratch.db")+"?_pragma=foreign_keys(1)")
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(tmp))
	}
	return db, func() error { return errors.Join(db.Close(), os.RemoveAll(tmp)) }, nil
}
