package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// connections is how many clients ask at the same time.
const connections = 32

// caller is one client on a connection of its own. It does no more than it must, since it shares the machine with those
// whom it asks; both sides of a comparison are asked by it.
type caller struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

func dial(ctx context.Context, addr string) (*caller, error) { return callFrom(ctx, "", addr) }

// callFrom is dial from an address of this machine.
func callFrom(ctx context.Context, from, addr string) (*caller, error) {
	conn, err := dialFrom(ctx, from, addr)
	if err != nil {
		return nil, err
	}
	return &caller{conn: conn, in: newReader(conn)}, nil
}

// dialFrom connects from an address of this machine; empty: the one that it chooses.
func dialFrom(ctx context.Context, from, addr string) (net.Conn, error) {
	dialer := &net.Dialer{}
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	return dialer.DialContext(ctx, "tcp", addr)
}

func newReader(conn net.Conn) *bufio.Reader { return bufio.NewReaderSize(conn, 64<<10) }

func (c *caller) close() { _ = c.conn.Close() }

// post sends a body and returns status and body of the answer, the latter until the next call only.
func (c *caller) post(path, token string, body []byte) (status int, answer []byte, err error) {
	b := c.out[:0]
	b = append(append(b, "POST "...), path...)
	b = append(b, " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAccept: application/json\r\n"...)
	if token != "" {
		b = append(append(append(b, "Authorization: Bearer "...), token...), "\r\n"...)
	}
	b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(body)), 10)
	c.out = append(append(b, "\r\n\r\n"...), body...)
	return c.exchange()
}

// get asks for a path with its query string, and returns status and body likewise.
func (c *caller) get(path string) (status int, answer []byte, err error) {
	c.out = append(append(c.out[:0], "GET "...), path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\n\r\n"...)
	return c.exchange()
}

// browserHeaders are headers that a browser sends with every request.
const browserHeaders = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
	"Accept-Language: de,en-US;q=0.7,en;q=0.3\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"

// browse asks for a page with its query string as a browser does, and returns status and body likewise, the body gzipped if the page is.
func (c *caller) browse(path string) (status int, answer []byte, err error) {
	c.out = append(append(c.out[:0], "GET "...), path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: bench\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"+
		"Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\n"+browserHeaders+"\r\n"...)
	return c.exchange()
}

// exchange sends what is written out, and reads the answer.
func (c *caller) exchange() (status int, answer []byte, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, nil, err
	}
	if _, err := c.conn.Write(c.out); err != nil {
		return 0, nil, err
	}
	return c.read()
}

// read reads one answer with a Content-Length.
func (c *caller) read() (status int, body []byte, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 {
		return 0, nil, fmt.Errorf("no status: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, fmt.Errorf("no status: %q", line)
	}
	length := -1
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return 0, nil, err
		}
		if len(line) <= 2 {
			break
		}
		const name = "Content-Length: "
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(name):]))); err != nil {
				return 0, nil, err
			}
		}
	}
	if length < 0 {
		return 0, nil, errors.New("an answer without Content-Length")
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	_, err = io.ReadFull(c.in, c.body)
	return status, c.body, err
}

// turn is what a client does again and again; i counts its turns.
type turn func(c *caller, client, i int) error

// outcome is what a round of load came to.
type outcome struct {
	done  int
	took  time.Duration
	times latencies
}

func (o outcome) rate() float64 { return float64(o.done) / o.took.Seconds() }

// elapsed is a round's outcome from its beginning and all its times.
func elapsed(begin time.Time, all []latencies) outcome {
	o := outcome{took: time.Since(begin)}
	for _, times := range all {
		o.done += len(times)
		o.times = append(o.times, times...)
	}
	return o
}

// drive lets clients take turns for so long, or as many turns each as are given. The first error ends it.
func drive(ctx context.Context, addr string, clients int, long time.Duration, each int, work turn) (outcome, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	callers := make([]*caller, 0, clients)
	defer func() {
		for _, c := range callers {
			c.close()
		}
	}()
	for range clients {
		c, err := dial(ctx, addr)
		if err != nil {
			return outcome{}, err
		}
		callers = append(callers, c)
	}
	all := make([]latencies, clients)
	var running sync.WaitGroup
	begin := time.Now()
	for client, c := range callers {
		running.Go(func() {
			for i := 0; each == 0 || i < each; i++ {
				at := time.Now()
				if each == 0 && at.Sub(begin) >= long || ctx.Err() != nil {
					return
				}
				if err := work(c, client, i); err != nil {
					cancel(fmt.Errorf("client %d, turn %d: %w", client, i, err))
					return
				}
				all[client] = append(all[client], time.Since(at))
			}
		})
	}
	running.Wait()
	return elapsed(begin, all), context.Cause(ctx)
}

// expect refuses an answer that isn't 200 with these bytes.
func expect(status int, got []byte, err error, want []byte) error {
	switch {
	case err != nil:
		return err
	case status != 200:
		return fmt.Errorf("status %d: %.300s", status, got)
	case !bytes.Equal(got, want):
		return &differenceError{got: bytes.Clone(got), want: want}
	}
	return nil
}

// differenceError is an answer that isn't what it must be.
type differenceError struct{ got, want []byte }

func (d *differenceError) Error() string {
	at := 0
	for at < len(d.got) && at < len(d.want) && d.got[at] == d.want[at] {
		at++
	}
	around := func(b []byte) []byte { return b[min(max(0, at-40), len(b)):min(at+80, len(b))] }
	return fmt.Sprintf("answers differ at byte %d: %d bytes with %q, wanted %d with %q", at, len(d.got), around(d.got), len(d.want), around(d.want))
}
