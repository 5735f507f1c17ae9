//go:build conformance

package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/node"
	"nelke/test/suite"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// tick is how often a test looks whether it has come.
const tick = 10 * time.Millisecond

// client is a reference client, by remote control: client.js says how.
type client struct {
	t     *testing.T
	tell  io.Writer
	heard chan gjson.Result
	seen  []gjson.Result // all that was heard so far
}

// options of a client, see client.js.
type options map[string]any

// open starts a client. It ends with the test.
func open(t *testing.T, kind, url string, o options) *client {
	t.Helper()
	given := []byte("{}")
	if o != nil {
		var err error
		given, err = json.Marshal(o)
		require.NoError(t, err)
	}
	var errors bytes.Buffer
	cmd := node.Command(nil, &errors, "client.js", kind, url, string(given))
	cmd.Stdout = nil
	tell, err := cmd.StdinPipe()
	require.NoError(t, err)
	says, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	c := &client{t: t, tell: tell, heard: make(chan gjson.Result, 10_000)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(c.heard)
		for lines := bufio.NewReader(says); ; {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			c.heard <- gjson.ParseBytes(line)
		}
	}()
	t.Cleanup(func() {
		_ = tell.Close() // its input's end is the program's
		timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		<-ended
		require.NoError(t, cmd.Wait(), errors.String())
	})
	return c
}

// subscribe begins an operation, by a name of the test's own.
func (c *client) subscribe(as, query string, vars suite.Vars) {
	c.t.Helper()
	c.do(map[string]any{"as": as, "subscribe": map[string]any{"query": query, "variables": vars}})
}

// cancel ends an operation from the client's side. The client calls it complete, too.
func (c *client) cancel(as string) {
	c.t.Helper()
	c.do(map[string]any{"cancel": as})
	c.expect("complete", as)
}

func (c *client) do(command any) {
	c.t.Helper()
	line, err := json.Marshal(command)
	require.NoError(c.t, err)
	_, err = c.tell.Write(append(line, '\n'))
	require.NoError(c.t, err)
}

// hear is the next that the client says.
func (c *client) hear() gjson.Result {
	c.t.Helper()
	select {
	case said, ok := <-c.heard:
		require.True(c.t, ok, "the client has ended after %v", c.seen)
		c.seen = append(c.seen, said)
		return said
	case <-time.After(patience):
		require.FailNow(c.t, "the client says nothing", "after %v", c.seen)
		panic("unreachable")
	}
}

// expect is the next that the client says of an operation, which must be this. What it says of its connection is passed over.
func (c *client) expect(on, as string) gjson.Result {
	c.t.Helper()
	said := c.hearOf(on)
	require.Equal(c.t, as, said.Get("as").String(), said.Raw)
	return said
}

// next is the data of the next result, which must have no errors.
func (c *client) next(as string) gjson.Result {
	c.t.Helper()
	value := c.expect("next", as).Get("value")
	require.False(c.t, value.Get("errors").Exists(), value.Raw)
	return value.Get("data")
}

// await passes over whatever the client says until it says this of its connection.
func (c *client) await(on string) gjson.Result {
	c.t.Helper()
	for {
		said := c.hear()
		if said.Get("on").String() == on {
			return said
		}
		require.False(c.t, said.Get("as").Exists(), said.Raw)
	}
}

// awaitAgain returns of the next that the client reports of its connection whether it isn't the first time.
func (c *client) awaitAgain(on string) bool {
	c.t.Helper()
	return c.await(on).Get("again").Bool()
}

// hearOf is the next that the client says of any operation, which must be this.
func (c *client) hearOf(on string) gjson.Result {
	c.t.Helper()
	for {
		if said := c.hear(); said.Get("as").Exists() {
			require.Equal(c.t, on, said.Get("on").String(), said.Raw)
			return said
		}
	}
}

// count is how often the client said this so far.
func (c *client) count(on string) int {
	n := 0
	for said := range slices.Values(c.seen) {
		if said.Get("on").String() == on {
			n++
		}
	}
	return n
}
