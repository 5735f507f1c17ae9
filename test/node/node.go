// Package node runs programs of Node for tests: those of others that Nelke has to get along with. A program is a file of
// the test's own folder.
package node

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a program may take to be ready.
const patience = 30 * time.Second

// Program is one that answers requests.
type Program struct {
	URL    string // as it says itself
	cmd    *exec.Cmd
	log    *output
	exited chan struct{}
}

// Log is all that the program has written so far.
func (p *Program) Log() string { return p.log.String() }

// Start runs a program until its output says, in the brackets of the expression, at which address it answers. It ends with
// the test.
func Start(t *testing.T, says *regexp.Regexp, environment []string, args ...string) *Program {
	t.Helper()
	log := &output{says: says, said: make(chan string, 1)}
	p := &Program{cmd: Command(environment, log, args...), log: log, exited: make(chan struct{})}
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // killed, so its status says nothing
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%v\n%s", args, log)
		}
	})
	select {
	case p.URL = <-log.said:
	case <-p.exited:
		require.Fail(t, "it ended before it was ready", "%v", args)
	case <-time.After(patience):
		require.Fail(t, "it isn't ready", "%v", args)
	}
	return p
}

// Kill ends the program, if it hasn't ended yet.
func (p *Program) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// Run runs a program to its end.
func Run(t *testing.T, environment []string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := Command(environment, &errs, args...)
	cmd.Stdout = &out
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// Command is a program that isn't started yet, and writes to log.
func Command(environment []string, log io.Writer, args ...string) *exec.Cmd {
	cmd := exec.Command("node", args...)
	cmd.Env = append(append(os.Environ(), "NODE_ENV=production", "NO_COLOR=1"), environment...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = time.Second
	// Killed by the kernel when the test dies without its cleanups: by a panic, or a timeout.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// output keeps what a program writes, and returns what it says in brackets of the expression.
type output struct {
	says *regexp.Regexp
	said chan string // holds one

	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.text.Write(p)
	if o.says != nil {
		if found := o.says.FindSubmatch(o.text.Bytes()); found != nil {
			o.said <- string(found[1])
			o.says = nil
		}
	}
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
