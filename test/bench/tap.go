package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
)

// tap stands between a server and PostgreSQL, passes everything on, and notes which statements are executed, as they
// stand on the wire. Servers are counted through it, and never timed.
type tap struct {
	listener net.Listener
	target   string
	running  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	seen  []statement
	next  int // number of the next connection
}

// statement is one execution.
type statement struct {
	conn    int
	sql     string
	simple  bool // sent as a simple query, as BEGIN and COMMIT are
	params  [][]byte
	formats []int16 // of params
	results []int16 // formats of the columns
}

func newTap(ctx context.Context, d *database) (*tap, string, error) {
	u, err := url.Parse(d.url)
	if err != nil {
		return nil, "", err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	t := &tap{listener: l, target: u.Host, conns: map[net.Conn]bool{}}
	u.Host = l.Addr().String()
	t.running.Go(t.accept)
	return t, u.String(), nil
}

func (t *tap) accept() {
	for {
		conn, err := t.listener.Accept()
		if err != nil {
			return
		}
		number, ok := t.enter(conn)
		if !ok {
			return
		}
		t.running.Go(func() {
			defer t.leave(conn)
			_ = t.pass(conn, number) // either side hung up
		})
	}
}

func (t *tap) enter(conn net.Conn) (int, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conns == nil {
		_ = conn.Close()
		return 0, false
	}
	t.conns[conn] = true
	t.next++
	return t.next, true
}

func (t *tap) leave(conn net.Conn) {
	_ = conn.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, conn)
}

// close ends every connection and waits.
func (t *tap) close() {
	_ = t.listener.Close()
	t.mu.Lock()
	for conn := range t.conns {
		_ = conn.Close()
	}
	t.conns = nil
	t.mu.Unlock()
	t.running.Wait()
}

// take returns what was executed since the last call.
func (t *tap) take() []statement {
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := t.seen
	t.seen = nil
	return seen
}

func (t *tap) pass(client net.Conn, number int) error {
	server, err := net.Dial("tcp", t.target)
	if err != nil {
		return err
	}
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	defer back.Wait()
	defer server.Close()

	in, out := bufio.NewReader(client), bufio.NewWriter(server)
	startup, err := message(in, nil)
	if err != nil {
		return err
	}
	if _, err := out.Write(startup); err != nil {
		return err
	}
	l := listener{conn: number, texts: map[string]string{}, portals: map[string]statement{}}
	for {
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
		kind, err := in.ReadByte()
		if err != nil {
			return err
		}
		whole, err := message(in, []byte{kind})
		if err != nil {
			return err
		}
		if executed, ok := l.hear(kind, whole[5:]); ok {
			t.mu.Lock()
			t.seen = append(t.seen, executed)
			t.mu.Unlock()
		}
		if _, err := out.Write(whole); err != nil {
			return err
		}
	}
}

// message reads a message with its length; head is what was read of it before.
func message(in *bufio.Reader, head []byte) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 4 || n > 1<<28 {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	whole := make([]byte, len(head)+int(n))
	copy(whole, head)
	copy(whole[len(head):], size[:])
	_, err := io.ReadFull(in, whole[len(head)+4:])
	return whole, err
}

// listener understands what one client sends (PostgreSQL's documentation, "Message Formats").
type listener struct {
	conn    int
	texts   map[string]string    // prepared statements
	portals map[string]statement // bound ones
}

// hear returns the statement that a message executes, if it does.
func (l *listener) hear(kind byte, payload []byte) (statement, bool) {
	r := &reader{rest: payload}
	switch kind {
	case 'Q':
		return statement{conn: l.conn, sql: r.text(), simple: true}, true
	case 'P':
		name := r.text()
		l.texts[name] = r.text()
	case 'B':
		portal, name := r.text(), r.text()
		s := statement{conn: l.conn, sql: l.texts[name], formats: r.shorts()}
		for range r.short() {
			s.params = append(s.params, r.value())
		}
		s.results = r.shorts()
		if r.err == nil {
			l.portals[portal] = s
		}
	case 'E':
		s, ok := l.portals[r.text()]
		return s, ok
	}
	return statement{}, false
}

// reader takes a message apart. After its end everything is empty, and err is set.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.err, r.rest = errors.New("the message is too short"), nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) text() string {
	end := bytes.IndexByte(r.rest, 0)
	if end < 0 {
		r.bytes(-1)
		return ""
	}
	return string(r.bytes(end + 1)[:end])
}

func (r *reader) short() int16 {
	b := r.bytes(2)
	if b == nil {
		return 0
	}
	return int16(binary.BigEndian.Uint16(b))
}

func (r *reader) shorts() (list []int16) {
	for range r.short() {
		list = append(list, r.short())
	}
	return list
}

// value is a parameter; nil is NULL.
func (r *reader) value() []byte {
	size := r.bytes(4)
	if size == nil {
		return nil
	}
	n := int32(binary.BigEndian.Uint32(size))
	if n < 0 {
		return nil
	}
	return bytes.Clone(append([]byte{}, r.bytes(int(n))...))
}

// housekeeping tells of what the job queue and the connection pool do by themselves, whether or not anybody asks for anything.
func (s statement) housekeeping() bool {
	return strings.HasPrefix(s.sql, "--") || strings.Contains(s.sql, "river_")
}
