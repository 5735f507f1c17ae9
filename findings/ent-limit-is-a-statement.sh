#!/usr/bin/env bash
# entgo.io/ent v0.14.5, package dialect/sql; github.com/jackc/pgx/v5 v5.12.0
#
# Expected: a page of a list is one prepared statement, whatever its size: ent binds what a query is given, so that values
# are arguments and never stand in the text.
#
# Seen: the row limit and the offset are written into the text as digits. pgx keeps every text that it meets
# prepared, 512 on each connection, in the client and in the server. A list whose page size a client chooses (`first` from 1 to
# 1000) is up to a thousand statements, each planned for itself, and pushes those of everybody else out. A caller can round
# the limit up to few sizes and cut the rows; a bound limit (by a modifier) would have PostgreSQL plan without knowing it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > go.mod <<'M'
module finding

go 1.25

require (
	entgo.io/ent v0.14.5
	github.com/jackc/pgx/v5 v5.12.0
)
M
cat > main.go <<'M'
package main

import (
	"fmt"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/jackc/pgx/v5"
)

func main() {
	texts := map[string]bool{}
	for first := 1; first <= 100; first++ {
		text, args := sql.Dialect(dialect.Postgres).Select("id").From(sql.Table("applications")).
			Where(sql.EQ("case_id", first)).OrderBy("id").Limit(first + 1).Query()
		texts[text] = true
		if first == 20 {
			fmt.Println(text, args)
		}
	}
	fmt.Println(len(texts), "texts for 100 sizes of a page")
	config, err := pgx.ParseConfig("postgres://localhost/town")
	if err != nil {
		panic(err)
	}
	fmt.Println("pgx keeps", config.StatementCacheCapacity, "on a connection, by default:", config.DefaultQueryExecMode)
}
M
GOFLAGS=-mod=mod nice go run . | tee seen
diff seen - <<'M'
SELECT "id" FROM "applications" WHERE "case_id" = $1 ORDER BY "id" LIMIT 21 [20]
100 texts for 100 sizes of a page
pgx keeps 512 on a connection, by default: cache statement
M
