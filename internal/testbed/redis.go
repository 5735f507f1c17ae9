package testbed

import (
	"net"
	"os/exec"
	"syscall"
	"testing"
)

// RedisServer is a Redis of one test. Its methods are for the test's own goroutine: they end the test when they fail.
// It keeps nothing on disk, so that a restart loses everything, as a cache may.
type RedisServer struct {
	tb   testing.TB
	addr string
	proc *process
}

// Redis starts a Redis that ends with the test.
func Redis(tb testing.TB) *RedisServer {
	tb.Helper()
	beyondShort(tb)
	if _, err := exec.LookPath("redis-server"); err != nil {
		Missing(tb, "redis-server is missing: make deps")
	}
	s := &RedisServer{tb: tb}
	tb.Cleanup(s.Kill)
	var err error
	for range startTries {
		s.addr = FreeAddr(tb)
		if s.proc, err = s.start(); err == nil {
			return s
		}
	}
	tb.Fatalf("Redis: %v", err)
	return nil
}

// startTries is for a port that somebody else took between our look and our start.
const startTries = 5

func (s *RedisServer) start() (*process, error) {
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return nil, err
	}
	return startProcess(exec.Command("redis-server", "--bind", host, "--port", port, "--dir", s.tb.TempDir(),
		"--save", "", "--appendonly", "no"), "Ready to accept connections")
}

// URL is redis://127.0.0.1:port/0, and stays the same over restarts.
func (s *RedisServer) URL() string { return "redis://" + s.addr + "/0" }

// Kill ends the server without warning, paused or not: connections are cut, new ones refused.
func (s *RedisServer) Kill() {
	s.tb.Helper()
	if s.proc == nil {
		return
	}
	err := s.proc.stop(syscall.SIGKILL)
	s.proc = nil
	if err != nil {
		s.tb.Fatalf("Kill: %v", err)
	}
}

// Restart starts the server anew, empty, at the same URL, and returns when it takes connections.
// One that still runs is killed first.
func (s *RedisServer) Restart() {
	s.tb.Helper()
	s.Kill()
	proc, err := s.start()
	if err != nil {
		s.tb.Fatalf("Restart: %v", err)
	}
	s.proc = proc
}

// Pause stops the server in its tracks: connections stay open, and nothing is answered until Resume.
// It is how a client meets a network that swallows everything.
func (s *RedisServer) Pause() { s.tb.Helper(); s.signal("Pause", syscall.SIGSTOP) }

// Resume lets a paused server go on; it then answers what has come in meanwhile.
func (s *RedisServer) Resume() { s.tb.Helper(); s.signal("Resume", syscall.SIGCONT) }

func (s *RedisServer) signal(name string, sig syscall.Signal) {
	s.tb.Helper()
	if s.proc == nil {
		s.tb.Fatalf("%s: the server doesn't run", name)
	}
	if err := s.proc.cmd.Process.Signal(sig); err != nil {
		s.tb.Fatalf("%s: %v", name, err)
	}
}
