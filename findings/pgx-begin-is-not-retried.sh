#!/usr/bin/env bash
# github.com/jackc/pgx/v5 v5.12.0, package stdlib, under database/sql
#
# Expected: database/sql replaces a pooled connection that its server has ended and tries again, as long as
# nothing can have been done yet (documentation of database/sql/driver.ErrBadConn: by it a driver says that a
# connection is in a bad state, such as one that the server has closed, and that a new one is to be tried). Beginning a transaction changes nothing, so it is the safest call of all to repeat.
#
# Seen: it is the one that isn't repeated. A connection used within the last second isn't asked whether it lives;
# if its server has closed it meanwhile, Exec and Query answer driver.ErrBadConn and a new connection is taken
# without a word, while BeginTx hands "conn closed" to the caller - although pgconn.SafeToRetry says of
# that same error that nothing was sent.
#
# A server of a few lines, which speaks the protocol by pgproto3, ends its connections 50 ms after their last use.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > go.mod <<'E'
module finding

go 1.25

require github.com/jackc/pgx/v5 v5.12.0
E
cat > main.go <<'E'
package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	_ "github.com/jackc/pgx/v5/stdlib"
)

type server struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (s *server) run() {
	for {
		c, err := s.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		go speak(c)
	}
}

// hangUp closes every connection there is, and goes on accepting new ones, as a server does that was restarted.
func (s *server) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

func speak(c net.Conn) {
	b := pgproto3.NewBackend(c, c)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{0, 0, 0, 1}})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for b.Flush() == nil {
		m, err := b.Receive()
		if err != nil {
			return
		}
		if q, ok := m.(*pgproto3.Query); ok {
			status := byte('I')
			if q.String == "begin" {
				status = 'T'
			}
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("OK")})
			b.Send(&pgproto3.ReadyForQuery{TxStatus: status})
		}
	}
}

func try(what string, call func(db *sql.DB) error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	s := &server{Listener: l}
	go s.run()
	db, err := sql.Open("pgx", fmt.Sprintf("postgres://town@%s/town?sslmode=disable&default_query_exec_mode=simple_protocol", l.Addr()))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	for range 3 { // the first reuse of a connection is always tested, the ones after it within a second aren't
		if _, err := db.Exec("update town"); err != nil {
			log.Fatal(err)
		}
	}
	s.hangUp()
	time.Sleep(50 * time.Millisecond)
	err = call(db)
	if err == nil {
		fmt.Printf("%s: done, on a new connection\n", what)
		return
	}
	fmt.Printf("%s: %v; driver.ErrBadConn: %t; pgconn.SafeToRetry: %t\n", what, err, errors.Is(err, driver.ErrBadConn), pgconn.SafeToRetry(err))
}

func main() {
	try("Exec", func(db *sql.DB) error { _, err := db.Exec("update town"); return err })
	try("BeginTx", func(db *sql.DB) error {
		tx, err := db.BeginTx(context.Background(), nil)
		if err != nil {
			return err
		}
		return tx.Commit()
	})
}
E
GOFLAGS=-mod=mod go run . | tee seen
diff seen - <<'E'
Exec: done, on a new connection
BeginTx: conn closed; driver.ErrBadConn: false; pgconn.SafeToRetry: true
E
