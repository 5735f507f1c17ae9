// Package tap counts what a server asks of PostgreSQL, on the wire: so a proof holds for the statements that are sent, and
// not for a copy of them that may differ one day.
package tap

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

// Tap stands between a server and PostgreSQL, passes everything on, and notes which statements are executed, as they
// stand on the wire. Servers are counted through it, and never timed.
type Tap struct {
	listener net.Listener
	target   string
	running  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	seen  []Statement
	next  int // number of the next connection
}

// Statement is one execution.
type Statement struct {
	Conn    int // number of the connection
	SQL     string
	Simple  bool     // sent as a simple query, as BEGIN and COMMIT are
	Params  [][]byte // nil: NULL
	Formats []int16  // of Params: 0 is text, 1 binary
	Results []int16  // formats of the columns
}

// Format is that of the i-th parameter: one that stands alone holds for all of them, and none at all is text.
func (s Statement) Format(i int) int16 {
	switch len(s.Formats) {
	case 0:
		return 0
	case 1:
		return s.Formats[0]
	default:
		return s.Formats[i]
	}
}

// New puts a tap before the database of a URL, and gives the URL by which it is reached through the tap. Close it.
func New(ctx context.Context, database string) (*Tap, string, error) {
	u, err := url.Parse(database)
	if err != nil {
		return nil, "", err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	t := &Tap{listener: l, target: u.Host, conns: map[net.Conn]bool{}}
	u.Host = l.Addr().String()
	t.running.Go(t.accept)
	return t, u.String(), nil
}

func (t *Tap) accept() {
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

func (t *Tap) enter(conn net.Conn) (int, bool) {
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

func (t *Tap) leave(conn net.Conn) {
	_ = conn.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, conn)
}

// Close ends every connection and waits.
func (t *Tap) Close() {
	_ = t.listener.Close()
	t.mu.Lock()
	for conn := range t.conns {
		_ = conn.Close()
	}
	t.conns = nil
	t.mu.Unlock()
	t.running.Wait()
}

// Take returns what was executed since the last call.
func (t *Tap) Take() []Statement {
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := t.seen
	t.seen = nil
	return seen
}

func (t *Tap) pass(client net.Conn, number int) error {
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
	l := listener{conn: number, texts: map[string]string{}, portals: map[string]Statement{}}
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
	portals map[string]Statement // bound ones
}

// hear returns the statement that a message executes, if it does.
func (l *listener) hear(kind byte, payload []byte) (Statement, bool) {
	r := &reader{rest: payload}
	switch kind {
	case 'Q':
		return Statement{Conn: l.conn, SQL: r.text(), Simple: true}, true
	case 'P':
		name := r.text()
		l.texts[name] = r.text()
	case 'B':
		portal, name := r.text(), r.text()
		s := Statement{Conn: l.conn, SQL: l.texts[name], Formats: r.shorts()}
		for range r.short() {
			s.Params = append(s.Params, r.value())
		}
		s.Results = r.shorts()
		if r.err == nil {
			l.portals[portal] = s
		}
	case 'E':
		s, ok := l.portals[r.text()]
		return s, ok
	}
	return Statement{}, false
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

// Housekeeping matches what the job queue and the connection pool do by themselves, whether or not anybody asks for anything.
func (s Statement) Housekeeping() bool {
	return strings.HasPrefix(s.SQL, "--") || strings.Contains(s.SQL, "river_")
}
