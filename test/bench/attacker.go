package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// attackerCommand makes this program the process that attacks.
const attackerCommand = "attacker"

// assault is what one anonymous client does, from one address.
type assault struct {
	Addr        string        // of the server, host:port
	From        string        // address of the client
	Connections int           // at the same time
	Turns       float64       // a second, of all connections together; fewer where answers take longer
	Long        time.Duration // then it ends
	Requests    []sending     // by turns
	Sockets     bool          // each connection is a WebSocket, and each request a subscription that stays
	Holding     holding       // what each connection does in place of waiting for an answer
	Books       *booking      // in place of requests: times are held and booked, one after the other
}

// booking is what somebody needs to know who books times.
type booking struct {
	Office, Service, Notice string
	Starts, Keys            []string
}

// holding is how a connection makes the server keep something.
type holding string

const (
	holdNothing holding = ""
	holdHead    holding = "head"   // it sends the head of a request and one byte of its body, and waits
	holdBody    holding = "body"   // it sends all of a request but the last byte, and waits
	holdFrame   holding = "frame"  // a WebSocket sends all of a message but the last byte, and waits
	holdAnswer  holding = "answer" // it sends a request, reads the status, and no more of the answer
)

// holdAnswerFor is how long an answer isn't read before the connection is given up for another one.
const holdAnswerFor = 15 * time.Second

// book holds and books the n-th time.
func (b *booking) book(c *caller, n int64) error {
	r := reception{office: b.Office, service: b.Service, notice: b.Notice}
	return r.holdAndBook(c, b.Keys[n%int64(len(b.Keys))], b.Starts[n%int64(len(b.Starts))])
}

// sending is one request. In its body @N@ stands for a number that no other request has, @K@ for a UUID, and @PAD@ for as many spaces
// as make Size bytes of it.
type sending struct {
	Token string
	Body  string
	Size  int
}

// damage is what an assault came to.
type damage struct {
	Statuses map[int]int // answers by HTTP status; 0: none
	Bytes    int         // of the longest answer
}

// attack is the process: an assault on its standard input, the damage on its standard output. It has the lowest priority, so that
// what it computes itself is at nobody's expense.
func attack(ctx context.Context, in io.Reader, out io.Writer) error {
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19); err != nil {
		return err
	}
	var a assault
	if err := json.NewDecoder(in).Decode(&a); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, a.Long)
	defer cancel()
	d := damage{Statuses: map[int]int{}}
	var counter atomic.Int64
	var mu sync.Mutex
	note := func(status, length int) {
		mu.Lock()
		defer mu.Unlock()
		d.Statuses[status]++
		d.Bytes = max(d.Bytes, length)
	}
	var running sync.WaitGroup
	for n := range a.Connections {
		running.Go(func() { a.connection(ctx, n, &counter, note) })
	}
	running.Wait()
	return json.NewEncoder(out).Encode(d)
}

// connection takes turns until the end, on a new connection wherever one was closed.
func (a *assault) connection(ctx context.Context, n int, counter *atomic.Int64, note func(status, length int)) {
	pause := time.Duration(float64(a.Connections) / a.Turns * float64(time.Second))
	turn := time.NewTimer(pause * time.Duration(n) / time.Duration(a.Connections))
	defer turn.Stop()
	var conn net.Conn
	var in *bufio.Reader
	hangUp := func() {
		if conn != nil {
			_ = conn.Close()
		}
		conn = nil
	}
	defer hangUp()
	for i := n; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-turn.C:
			turn.Reset(pause)
		}
		if conn == nil {
			var err error
			if conn, err = a.dial(ctx); err != nil {
				note(0, 0)
				continue
			}
			in = newReader(conn)
			if (a.Sockets || a.Holding == holdFrame) && (&socket{conn: conn, in: in}).greet(a.Addr) != nil {
				note(0, 0)
				hangUp()
				continue
			}
		}
		if a.Books != nil {
			status := http.StatusOK
			if a.Books.book(&caller{conn: conn, in: in}, counter.Add(1)) != nil {
				status = http.StatusTooManyRequests
			}
			note(status, 0)
			continue
		}
		status, length, err := a.send(ctx, conn, in, &a.Requests[i%len(a.Requests)], counter.Add(1))
		note(status, length)
		if err != nil {
			hangUp()
		}
	}
}

// dial connects, of who doesn't read with so little memory for what is answered that the kernel doesn't read instead.
func (a *assault) dial(ctx context.Context) (net.Conn, error) {
	if a.Holding != holdAnswer {
		return dialFrom(ctx, a.From, a.Addr)
	}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(a.From)}, Control: func(_, _ string, c syscall.RawConn) (err error) {
		return errors.Join(c.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
		}), err)
	}}
	return dialer.DialContext(ctx, "tcp", a.Addr)
}

// send sends one request and reads its answer to the end. 0: none came.
func (a *assault) send(ctx context.Context, conn net.Conn, in *bufio.Reader, r *sending, number int64) (status, length int, err error) {
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return 0, 0, err
	}
	body := r.body(number)
	switch {
	case a.Sockets:
		message := fmt.Appendf(nil, `{"id":"%d","type":"subscribe","payload":%s}`, number, body)
		if err := (&socket{conn: conn, in: in}).write(opText, message); err != nil {
			return 0, 0, err
		}
		read, err := (&socket{conn: conn, in: in}).next()
		if err != nil {
			return 0, 0, err
		}
		return http.StatusOK, len(read), nil
	case a.Holding != holdNothing:
		return a.hold(ctx, conn, in, r, body)
	}
	if _, err := conn.Write(append(r.head(len(body)), body...)); err != nil {
		return 0, 0, err
	}
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0, 0, err
	}
	n, err := io.Copy(io.Discard, response.Body)
	if err == nil && response.Close {
		err = io.EOF
	}
	return response.StatusCode, int(n), err
}

// hold sends as much of a request as makes the server keep something, and waits until the server has had enough of it.
func (a *assault) hold(ctx context.Context, conn net.Conn, in *bufio.Reader, r *sending, body string) (status, length int, err error) {
	var sent []byte
	switch a.Holding {
	case holdHead:
		sent = append(r.head(len(body)), body[0])
	case holdBody:
		sent = append(r.head(len(body)), body[:len(body)-1]...)
	case holdFrame:
		sent = binary.BigEndian.AppendUint64([]byte{0x80 | opText, 0x80 | 127}, uint64(len(body)))
		sent = append(append(sent, 0, 0, 0, 0), body[:len(body)-1]...) // masked by zeros
	default:
		sent = append(r.head(len(body)), body...)
	}
	if _, err := conn.Write(sent); err != nil {
		return 0, 0, err
	}
	if a.Holding == holdFrame {
		for err == nil {
			_, err = (&socket{conn: conn, in: in}).read()
		}
		return 0, 0, err
	}
	line, err := in.ReadString('\n')
	status = status3(line)
	if err != nil || a.Holding != holdAnswer || status != http.StatusOK {
		return status, 0, errors.Join(err, io.EOF)
	}
	select {
	case <-ctx.Done():
	case <-time.After(holdAnswerFor):
	}
	return status, 0, io.EOF
}

func status3(line string) int {
	if len(line) < 12 {
		return 0
	}
	status, _ := strconv.Atoi(line[9:12])
	return status
}

// head is the head of the request.
func (r *sending) head(length int) []byte {
	var b bytes.Buffer
	b.WriteString("POST /graphql HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAccept: application/json\r\n")
	if r.Token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", r.Token)
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", length)
	return b.Bytes()
}

func (r *sending) body(number int64) string {
	body := strings.ReplaceAll(r.Body, "@N@", strconv.FormatInt(1_000_000+number, 10))
	if strings.Contains(body, "@K@") {
		body = strings.ReplaceAll(body, "@K@", uuid.NewString())
	}
	return strings.Replace(body, "@PAD@", strings.Repeat(" ", max(0, r.Size-len(body)+len("@PAD@"))), 1)
}
