package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/bench/tap"
)

func TestBlocksKeepsMutationsTogetherAndLeavesHousekeepingOut(t *testing.T) {
	t.Parallel()
	simple := func(conn int, sql string) tap.Statement { return tap.Statement{Conn: conn, SQL: sql, Simple: true} }
	prepared := func(conn int, sql string) tap.Statement { return tap.Statement{Conn: conn, SQL: sql} }
	read := prepared(1, "SELECT appointment")
	begin, insert, job, commit := simple(1, "begin isolation level read committed"), prepared(1, "INSERT INTO idempotencies"), prepared(1, "INSERT INTO river_job"), simple(1, "commit")
	require.Equal(t, []block{{read}, {begin, insert, job, commit}}, blocks([]tap.Statement{
		read,
		prepared(2, "SELECT FROM river_job"),
		begin,
		simple(2, "begin"), prepared(2, "DELETE FROM idempotencies"),
		insert,
		simple(2, "commit"),
		job, commit,
		simple(3, "-- ping"),
	}))
}

func TestTapeCountsStatements(t *testing.T) {
	t.Parallel()
	begin, sql, commit := tap.Statement{SQL: "begin", Simple: true}, tap.Statement{SQL: "a"}, tap.Statement{SQL: "commit", Simple: true}
	tape := &tape{turns: [][]block{{{sql}, {begin, sql, commit}}, {{begin, sql, sql, sql, commit}}}}
	inside, outside := tape.statements()
	require.InDelta(t, 4, inside, 0)
	require.InDelta(t, 0.5, outside, 0)
	require.Equal(t, map[string]string{"a": "s0"}, tape.names())
}
