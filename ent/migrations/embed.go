// Package migrations holds the steps that make the database, one folder per database, in goose's format.
//
// Files named after a change are written by internal/store/migrategen from ent/schema. 00002_allocation.sql is
// written by hand: the book of the counters' cells has a primary key of two columns, which ent doesn't make.
package migrations

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"

	"entgo.io/ent/dialect"
)

//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// FS is the folder of the database with ent's dialect name ("postgres", "sqlite3").
func FS(name string) (fs.FS, error) {
	switch name {
	case dialect.Postgres:
		return fs.Sub(files, "postgres")
	case dialect.SQLite:
		return fs.Sub(files, "sqlite")
	}
	return nil, fmt.Errorf("migrations.FS(%q): unknown dialect", name)
}

// Digest returns a hash of a set of migrations: for tests that keep a database as a template.
func Digest(name string) (string, error) {
	folder, err := FS(name)
	if err != nil {
		return "", err
	}
	paths, err := fs.Glob(folder, "*.sql") // sorted
	if err != nil {
		return "", fmt.Errorf("migrations.Digest(%q): %w", name, err)
	}
	h := sha256.New()
	for _, path := range paths {
		text, err := fs.ReadFile(folder, path)
		if err != nil {
			return "", fmt.Errorf("migrations.Digest(%q): %w", name, err)
		}
		fmt.Fprintf(h, "%s %d\n%s", path, len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
