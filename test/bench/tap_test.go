package main

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// bind puts a Bind message together: unnamed portal, one binary parameter and NULL, results in binary.
func bind(name string, value []byte) []byte {
	b := append([]byte{0}, name...)
	b = append(b, 0)
	b = binary.BigEndian.AppendUint16(b, 1)
	b = binary.BigEndian.AppendUint16(b, 1)
	b = binary.BigEndian.AppendUint16(b, 2)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	b = append(b, value...)
	b = binary.BigEndian.AppendUint32(b, 0xffffffff)
	b = binary.BigEndian.AppendUint16(b, 1)
	return binary.BigEndian.AppendUint16(b, 1)
}

func TestListenerHearsWhatIsExecutedAndWithWhat(t *testing.T) {
	t.Parallel()
	l := listener{conn: 7, texts: map[string]string{}, portals: map[string]statement{}}
	_, executed := l.hear('P', []byte("s1\x00SELECT $1\x00\x00\x00"))
	require.False(t, executed)
	_, executed = l.hear('B', bind("s1", []byte{1, 2}))
	require.False(t, executed)
	for range 2 {
		s, executed := l.hear('E', []byte("\x00\x00\x00\x00\x00"))
		require.True(t, executed)
		require.Equal(t, statement{
			conn: 7, sql: "SELECT $1", params: [][]byte{{1, 2}, nil}, formats: []int16{1}, results: []int16{1},
		}, s)
	}
	s, executed := l.hear('Q', []byte("begin\x00"))
	require.True(t, executed)
	require.Equal(t, statement{conn: 7, sql: "begin", simple: true}, s)
	_, executed = l.hear('S', nil)
	require.False(t, executed)
}

func TestListenerForgetsAMessageThatIsCutOff(t *testing.T) {
	t.Parallel()
	l := listener{texts: map[string]string{"s1": "SELECT"}, portals: map[string]statement{}}
	whole := bind("s1", []byte{1, 2})
	for n := range len(whole) {
		l.hear('B', whole[:n])
		require.Empty(t, l.portals, "%d bytes", n)
	}
}

func TestBlocksKeepsMutationsTogetherAndLeavesHousekeepingOut(t *testing.T) {
	t.Parallel()
	simple := func(conn int, sql string) statement { return statement{conn: conn, sql: sql, simple: true} }
	prepared := func(conn int, sql string) statement { return statement{conn: conn, sql: sql} }
	read := prepared(1, "SELECT appointment")
	begin, insert, job, commit := simple(1, "begin isolation level read committed"), prepared(1, "INSERT INTO idempotencies"), prepared(1, "INSERT INTO river_job"), simple(1, "commit")
	require.Equal(t, []block{{read}, {begin, insert, job, commit}}, blocks([]statement{
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
	begin, sql, commit := statement{sql: "begin", simple: true}, statement{sql: "a"}, statement{sql: "commit", simple: true}
	tape := &tape{pairs: [][]block{{{sql}, {begin, sql, commit}}, {{begin, sql, sql, sql, commit}}}}
	inside, outside := tape.statements()
	require.InDelta(t, 4, inside, 0)
	require.InDelta(t, 0.5, outside, 0)
	require.Equal(t, map[string]string{"a": "s0"}, tape.names())
}
