package testbed

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
)

// process is one running server program.
type process struct {
	cmd    *exec.Cmd
	output *output
	exited chan struct{} // closed when the process is reaped and its output read to the end

	patience time.Duration // how long stop waits before it forces the end
}

// startProcess runs the command until its output says that it is ready. When the process ends before that, the
// error holds what it wrote.
func startProcess(cmd *exec.Cmd, ready string) (*process, error) {
	p := &process{
		cmd:      cmd,
		output:   &output{mark: []byte(ready), marked: make(chan struct{})},
		exited:   make(chan struct{}),
		patience: stopTimeout,
	}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	cmd.WaitDelay = stopTimeout // a grandchild may keep the pipe open
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// Of its own session, so that a Ctrl-C in the terminal doesn't take the servers away under the running test;
	// and killed by the kernel when the test program dies without its cleanups (a panic, a timeout).
	cmd.SysProcAttr.Setsid = true
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	go func() {
		defer close(p.exited)
		_ = cmd.Wait() // killed more often than not: its status says nothing
	}()

	timeout := time.NewTimer(startTimeout)
	defer timeout.Stop()
	select {
	case <-p.output.marked:
		return p, nil
	case <-p.exited:
		return nil, fmt.Errorf("%s ended before it was ready:\n%s", cmd.Path, p.output)
	case <-timeout.C:
		_ = p.stop(syscall.SIGKILL)
		return nil, fmt.Errorf("%s isn't ready after %s:\n%s", cmd.Path, startTimeout, p.output)
	}
}

// stop sends the signal and waits for the end, which it forces, and reports, when patience is over.
// It may be called again.
func (p *process) stop(sig os.Signal) error {
	_ = p.cmd.Process.Signal(sig) // an error says that it has ended already
	timeout := time.NewTimer(p.patience)
	defer timeout.Stop()
	select {
	case <-p.exited:
		return nil
	case <-timeout.C:
		_ = p.cmd.Process.Kill()
		<-p.exited
		return fmt.Errorf("%s didn't end by %s within %s:\n%s", p.cmd.Path, sig, p.patience, p.output)
	}
}

// output keeps the last lines that a process wrote, and signals when one of them holds the mark.
type output struct {
	mark   []byte
	marked chan struct{}

	mu   sync.Mutex
	seen bool
	buf  []byte
}

const outputKept = 32 << 10

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf = append(o.buf, p...)
	if !o.seen && bytes.Contains(o.buf, o.mark) {
		o.seen = true
		close(o.marked)
	}
	if len(o.buf) > 2*outputKept {
		o.buf = append(o.buf[:0], o.buf[len(o.buf)-outputKept:]...)
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.buf)
}
