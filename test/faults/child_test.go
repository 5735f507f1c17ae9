package faults

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/testbed"
	"nelke/server"
	"nelke/test/suite"
)

const (
	startPatience = 60 * time.Second // a child under the race detector on a busy machine
	patience      = 20 * time.Second
)

// child is a server in a process of its own, to be killed.
type child struct {
	*suite.Process
	addr   string
	cmd    *exec.Cmd
	exited chan struct{}
	log    *bytes.Buffer // to be read when it has exited
}

// startChild runs a child and waits until it is ready.
func startChild(t *testing.T, s settings) *child {
	t.Helper()
	text, err := json.Marshal(s)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	c := &child{cmd: cmd, exited: make(chan struct{}), log: &bytes.Buffer{}}
	cmd.Stderr = c.log
	stdin, err := cmd.StdinPipe() // ends with us, and the child with it
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		c.kill()
		_ = stdin.Close()
		if t.Failed() {
			t.Logf("log of the child %d:\n%s", cmd.Process.Pid, c.log)
		}
	})
	ready := make(chan string, 1)
	go func() {
		defer close(c.exited)
		line, _ := bufio.NewReader(stdout).ReadString('\n')
		ready <- strings.TrimSpace(line)
		_ = cmd.Wait() // killed: its status says nothing
	}()
	select {
	case c.addr = <-ready:
		require.NotEmpty(t, c.addr, "the child ended before it was ready")
	case <-time.After(startPatience):
		require.Fail(t, "the child isn't ready")
	}
	c.Process = suite.Remote(t, "http://"+c.addr)
	return c
}

// kill ends the child by SIGKILL, if it still runs, and waits for its end.
func (c *child) kill() {
	c.shoot()
	<-c.exited
}

// shoot is kill without waiting.
func (c *child) shoot() { _ = c.cmd.Process.Signal(syscall.SIGKILL) }

// place is where a test's data is.
type place struct {
	settings
	redis *testbed.RedisServer
	clock *suite.Running
}

// sqlite is a folder.
func sqlite(t *testing.T) *place {
	t.Helper()
	return at(settings{Data: t.TempDir()}, nil)
}

// postgres is a database and a Redis.
func postgres(t *testing.T) *place {
	t.Helper()
	redis := testbed.Redis(t)
	return at(settings{Data: t.TempDir(), DatabaseURL: suite.Database(t), RedisURL: redis.URL()}, redis)
}

// at lets all processes of a test begin at suite.Start and go on from there.
func at(s settings, redis *testbed.RedisServer) *place {
	s.Ahead = time.Until(suite.Start())
	return &place{settings: s, redis: redis, clock: suite.NewRunning(suite.Start())}
}

// serve runs a server in this process, on the same data and by the same clock.
func (p *place) serve(t *testing.T, options ...suite.Option) *suite.Process {
	t.Helper()
	return suite.Serve(t, suite.SQLite(), append([]suite.Option{p.clock.By, func(c *server.Config) {
		c.Data, c.DatabaseURL, c.RedisURL = p.Data, p.DatabaseURL, p.RedisURL
	}}, options...)...)
}

// through is the settings with another address of the database.
func (p *place) through(t *testing.T, addr string) settings {
	t.Helper()
	s := p.settings
	u, err := url.Parse(s.DatabaseURL)
	require.NoError(t, err)
	u.Host = addr
	s.DatabaseURL = u.String()
	return s
}

func (p *place) databaseAddr(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(p.DatabaseURL)
	require.NoError(t, err)
	return net.JoinHostPort(u.Hostname(), u.Port())
}

// sound checks what must be true of every book: each appointment has its cells and no others, no cell is of two, and the
// events are in order.
func (p *place) sound(t *testing.T) {
	t.Helper()
	cfg := p.config(nil)
	_, faults, err := server.Audit(t.Context(), cfg)
	require.NoError(t, err)
	require.Empty(t, faults)

	rows, err := suite.OpenDatabase(t, cfg).QueryContext(t.Context(), `SELECT a.id, a.status,
		(SELECT count(*) FROM allocation l WHERE l.appointment_id = a.id AND l.counter = a.counter_number AND l.held_until IS NULL),
		(SELECT count(*) FROM allocation l WHERE l.appointment_id = a.id) FROM appointments a`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var id, status string
		var booked, all int
		require.NoError(t, rows.Scan(&id, &status, &booked, &all))
		switch status {
		case "BOOKED": // fifteen minutes
			require.Equal(t, []int{3, 3}, []int{booked, all}, "%s is BOOKED", id)
		case "HELD": // whatever is left of it after its expiry
			require.Zero(t, booked, "%s is HELD", id)
		default:
			require.Zero(t, all, "%s is %s", id, status)
		}
	}
	require.NoError(t, rows.Err())
}

const watched = `subscription($in: AvailabilityInput!) { availability(input: $in) { days { starts } } }`

// tomorrow asks for the free times of the day after suite.Start.
func tomorrow(place suite.Place) suite.Vars {
	return suite.Vars{"in": suite.Vars{"office": place.Office, "concerns": []suite.Vars{{"service": place.Service}}, "from": "2026-11-24", "days": 1}}
}
