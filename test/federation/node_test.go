//go:build federation

package federation

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

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// program is one of Node's that answers requests.
type program struct {
	URL    string
	cmd    *exec.Cmd
	exited chan struct{}
}

// start runs a program of this folder until its output says at which address it answers. It ends with the test.
func start(t *testing.T, says *regexp.Regexp, environment []string, args ...string) *program {
	t.Helper()
	log := &output{says: says, said: make(chan string, 1)}
	p := &program{cmd: node(environment, log, args...), exited: make(chan struct{})}
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
func (p *program) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// run runs a program of this folder to its end.
func run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := node(nil, &errs, args...)
	cmd.Stdout = &out
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func node(environment []string, log io.Writer, args ...string) *exec.Cmd {
	cmd := exec.Command("node", args...)
	cmd.Env = append(append(os.Environ(), "NODE_ENV=production", "NO_COLOR=1"), environment...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = time.Second
	// Killed by the kernel when the test dies without its cleanups: by a panic, or a timeout.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// output keeps what a program writes, and tells what it says in brackets of the expression.
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
