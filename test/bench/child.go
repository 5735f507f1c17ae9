package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience bounds every wait for a process.
const patience = 30 * time.Second

// child is a process that answers HTTP: the program, or a baseline.
type child struct {
	addr  string // host:port
	ready time.Duration
	cmd   *exec.Cmd
	log   string // file

	metrics  string // host:port; empty: none
	profiles string // host:port; empty: none
	ended    chan error
}

// settings of a server, beyond its address.
type settings struct {
	database *database // nil: SQLite in folder
	url      string    // in place of the database's own
	redis    string
	prefix   string // of the keys in Redis; empty: that of all servers
	folder   string
	staff    bool // whether there are members of staff, with tokens of the demo's issuer
	limited  bool // whether clients have the limits that they have by default
}

// publicURL is where servers with staff say they are, so that all of them take the same tokens.
const publicURL = "http://bench.test"

func (c settings) environment(addr string) []string {
	environment := []string{
		"NELKE_ADDR=" + addr, "NELKE_DATA=" + c.folder, "NELKE_STOP_DELAY=0s",
		"REDIS_URL=" + c.redis, "NELKE_REDIS_PREFIX=" + cmp.Or(c.prefix, "bench"), "DATABASE_URL=" + c.url, "NELKE_DEMO=" + strconv.FormatBool(c.staff),
	}
	if !c.limited {
		environment = append(environment, unlimited()...)
	}
	if c.staff {
		environment = append(environment, "NELKE_PUBLIC_URL="+publicURL)
	}
	if c.database != nil && c.url == "" {
		environment = append(environment, "DATABASE_URL="+c.database.url)
	}
	return environment
}

// unlimited lets the one network and the few cases that measure do as much as a whole town.
func unlimited() (environment []string) {
	for _, name := range []string{
		"HOLDS_PER_HOUR", "BOOKINGS_PER_DAY", "APPOINTMENTS_PER_CASE", "CASE_WRITES_PER_MINUTE", "NETWORK_WRITES_PER_MINUTE",
		"CONTACTS_PER_DAY", "CASE_QUEUE", "NETWORK_QUEUE",
	} {
		environment = append(environment, "NELKE_"+name+"=0")
	}
	return append(environment, "NELKE_OPENINGS_PER_HOUR=1000000000")
}

// serve starts the program and returns when it is ready. With profiles it runs inside this one.
func (s *stage) serve(ctx context.Context, c settings) (*child, error) {
	return s.start(ctx, c, s.opts.profile != "")
}

// start starts the program, or the service inside this one, whose second listener is then at the child's profiles.
func (s *stage) start(ctx context.Context, c settings, inside bool) (*child, error) {
	if c.folder == "" {
		c.folder = s.folder
	}
	if c.staff && c.database != nil {
		if err := c.database.ofDemo(ctx); err != nil {
			return nil, err
		}
	}
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	metrics, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	environment := append(c.environment(addr), "NELKE_METRICS_ADDR="+metrics)
	command, profiles := exec.Command(s.program, "serve"), ""
	if inside {
		if profiles, err = freeAddr(ctx); err != nil {
			return nil, err
		}
		command = exec.Command(s.self, profiledCommand)
		environment = append(environment, profileVariable+"="+profiles)
	}
	server, err := s.launch(ctx, addr, "/readyz", command, environment)
	if err == nil {
		server.metrics, server.profiles = metrics, profiles
	}
	return server, err
}

// launch starts a process and asks at a path until it is ready. Its log goes into a file, as in production, and not through us.
func (s *stage) launch(ctx context.Context, addr, ready string, cmd *exec.Cmd, environment []string) (*child, error) {
	log, err := os.CreateTemp(s.folder, "log-")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c := &child{addr: addr, cmd: cmd, log: log.Name(), ended: make(chan error, 1)}
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stderr = log
	// A session of its own, so that Ctrl-C leaves it to us; killed by the kernel when we die.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { c.ended <- cmd.Wait() }()
	client := &http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	for time.Since(begin) < patience {
		if answers(ctx, client, "http://"+addr+ready) {
			c.ready = time.Since(begin)
			return c, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), c.stop())
		case err := <-c.ended:
			c.ended <- err
			return nil, fmt.Errorf("%s ended before it was ready: %w\n%s", cmd.Path, err, c.logged())
		case <-time.After(time.Millisecond):
		}
	}
	return nil, errors.Join(fmt.Errorf("%s isn't ready after %s\n%s", cmd.Path, patience, c.logged()), c.stop())
}

func answers(ctx context.Context, client *http.Client, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// stop ends the process, gracefully if it does so in time.
func (c *child) stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // an error says that it has ended
	select {
	case err := <-c.ended:
		return err
	case <-time.After(patience):
		return errors.Join(fmt.Errorf("%s didn't end within %s", c.cmd.Path, patience), c.cmd.Process.Kill(), <-c.ended)
	}
}

// memory is what the process takes of the machine's memory now, in bytes.
func (c *child) memory() (float64, error) {
	path := fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kib * 1024, err
		}
	}
	return 0, fmt.Errorf("%s has no VmRSS", path)
}

// cpu is what the process and those that it started have computed so far: all of its session. The kernel counts in
// hundredths of a second.
func (c *child) cpu() (total time.Duration, err error) {
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	for _, file := range all {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // from the third one on (proc(5))
		if fields[3] != strconv.Itoa(c.cmd.Process.Pid) {
			continue
		}
		for _, ticks := range fields[11:13] {
			n, err := strconv.ParseInt(ticks, 10, 64)
			if err != nil {
				return 0, err
			}
			total += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return total, nil
}

// lapses is how many kept answers of a load may be made anew because time has made them untrue: with few answers they are more than
// the share that counted allows.
const lapses = 3

// counted checks by the server's own count that a load was what it should be: every answer executed, or kept.
func (c *child) counted(ctx context.Context, metric string, share float64, load func() (int, error)) error {
	before, err := c.metric(ctx, metric)
	if err != nil {
		return err
	}
	n, err := load()
	if err != nil {
		return err
	}
	after, err := c.metric(ctx, metric)
	if err != nil {
		return err
	}
	if after-before < share*float64(n) && (share == 1 || after-before < float64(n-lapses)) {
		return fmt.Errorf("%d answers, but %s went up by %.0f only", n, metric, after-before)
	}
	return nil
}

// metric reads one figure of the server's own metrics.
func (c *child) metric(ctx context.Context, name string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.metrics+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}

// freeAddr is a loopback address on which nobody listens. It lies below the ephemeral ports, where a client that dials
// may be given it as its own.
func freeAddr(ctx context.Context) (string, error) {
	for port := 20000 + time.Now().Nanosecond()%12000; ; port = 20000 + (port-20000+7)%12000 {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
		if err == nil {
			return addr, l.Close()
		}
	}
}

// logged is the end of the log.
func (c *child) logged() string {
	text, _ := os.ReadFile(c.log) // it is for an error that is returned anyway
	return string(text[max(0, len(text)-8<<10):])
}
