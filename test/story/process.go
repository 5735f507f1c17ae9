package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

const (
	// patience bounds every wait of the story but one: a server that starts makes its database first, and the machine may
	// be busy with other tests.
	patience      = 15 * time.Second
	startPatience = time.Minute
)

// process is one running server: this program again, with the serve command.
type process struct {
	Name string // A, B
	URL  string // http://127.0.0.1:port

	cmd    *exec.Cmd
	orders io.WriteCloser
	words  chan string // what it answers, line by line; closed with its output
	log    *log
}

// log collects what a server writes to its standard error.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start starts a server, and returns when it answers requests.
func start(name string, s settings, ahead time.Duration) (_ *process, err error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{Name: name, cmd: exec.Command(program, serveCommand), words: make(chan string, 8), log: &log{}}
	p.cmd.Stderr = p.log
	if p.orders, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.words)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.words <- lines.Text()
		}
	}()
	addr, err := p.obey(orders{Serve: &s, Ahead: ahead}, startPatience)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start process %s: %w", name, err), p.stop())
	}
	p.URL = "http://" + addr
	return p, nil
}

// turn sets the server's clock, and returns when it goes by it.
func (p *process) turn(ahead time.Duration) error {
	if _, err := p.obey(orders{Ahead: ahead}, patience); err != nil {
		return fmt.Errorf("turn the clock of process %s: %w", p.Name, err)
	}
	return nil
}

func (p *process) obey(o orders, within time.Duration) (string, error) {
	if err := json.NewEncoder(p.orders).Encode(o); err != nil {
		return "", err
	}
	select {
	case word, ok := <-p.words:
		if !ok {
			return "", errors.New("it ended")
		}
		return word, nil
	case <-time.After(within):
		return "", fmt.Errorf("no answer within %s", within)
	}
}

// stop asks the server to end gracefully, and ends it where it doesn't. The error has what it logged.
func (p *process) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	late := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	defer late()
	_ = p.orders.Close() // the end of its orders is the order to end
	for range p.words {  // Wait must not be called before the output is read to its end
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("process %s: %w\n%s", p.Name, err, strings.TrimSpace(p.log.String()))
	}
	return nil
}
