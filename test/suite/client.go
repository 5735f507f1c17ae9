package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/identity"
)

// Client talks to one process as one actor.
type Client struct {
	Process *Process
	Token   string       // empty: anonymous
	Accept  string       // language; German unless set
	HTTP    *http.Client // http.DefaultClient unless set
	t       testing.TB
}

// Vars are the variables of a document.
type Vars map[string]any

// Answer is what came back.
type Answer struct {
	gjson.Result // the whole body
	Status       int
	Header       http.Header
	t            testing.TB
}

// Anonymous is a client without a token.
func (p *Process) Anonymous() *Client { return &Client{Process: p, t: p.t} }

// Staff is a member of staff with roles such as "CLERK@057660016016".
func (p *Process) Staff(subject string, roles ...string) *Client {
	return &Client{Process: p, Token: p.Token(subject, roles...), t: p.t}
}

// StaffUntil is Staff with a token that is valid for so long by the test's clock, at most seven days.
func (p *Process) StaffUntil(ttl time.Duration, subject string, roles ...string) *Client {
	return &Client{Process: p, Token: p.tokenFor(ttl, subject, roles...), t: p.t}
}

// Clerk is a clerk of Blomberg.
func (p *Process) Clerk() *Client { return p.Staff("erna", "CLERK@"+ARS) }

// At is the same actor at another process.
func (c *Client) At(p *Process) *Client {
	other := *c
	other.Process = p
	return &other
}

// For is the same actor within another test.
func (c *Client) For(t testing.TB) *Client {
	other := *c
	other.t = t
	return &other
}

// Case opens a case in Blomberg and gives its holder.
func (p *Process) Case() *Client {
	p.t.Helper()
	c := &Client{Process: p, Token: identity.NewCaseKey(), t: p.t}
	a := p.Anonymous().Do(`mutation($key: String!, $id: UUID!) {
		openCase(input: {idempotencyKey: $id, municipality: {slug: "blomberg"}, caseKey: $key}) { case { id } problems { code message } } }`,
		Vars{"key": c.Token, "id": Key()})
	require.NotEmpty(p.t, a.Get("data.openCase.case.id").String(), a.Raw)
	return c
}

// Key is a fresh idempotency key.
func Key() string { return uuid.NewString() }

// Do sends a document and expects an answer of JSON.
func (c *Client) Do(query string, vars Vars) *Answer {
	c.t.Helper()
	a, err := c.Try(query, vars)
	require.NoError(c.t, err)
	return a
}

// Try is Do where the connection may fail.
func (c *Client) Try(query string, vars Vars) (*Answer, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		return nil, err
	}
	return c.Post(body)
}

// Post sends a body as it is.
func (c *Client) Post(body []byte) (*Answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Process.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	return c.Send(r)
}

// Send sends any request as this actor.
func (c *Client) Send(r *http.Request) (*Answer, error) {
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if c.Accept != "" {
		r.Header.Set("Accept-Language", c.Accept)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return &Answer{Result: gjson.ParseBytes(raw), Status: response.StatusCode, Header: response.Header, t: c.t}, nil
}

// OK fails the test where the answer has errors or problems, and gives what stands at a path below data.
func (a *Answer) OK(path string) gjson.Result {
	a.t.Helper()
	require.False(a.t, a.Get("errors").Exists(), "%.2000s", a.Get("errors").Raw)
	a.Get("data").ForEach(func(_, root gjson.Result) bool {
		require.Empty(a.t, root.Get("problems").Array(), a.Raw)
		return true
	})
	found := a.Get("data." + path)
	require.True(a.t, found.Exists(), "no %s in %.2000s", path, a.Raw)
	return found
}

// Problem returns the code of the first problem of the first root field; empty where there is none.
func (a *Answer) Problem() string {
	code := ""
	a.Get("data").ForEach(func(_, root gjson.Result) bool {
		code = root.Get("problems.0.code").String()
		return code == ""
	})
	return code
}

// ErrorCode returns the code of the first error; empty where there is none.
func (a *Answer) ErrorCode() string { return a.Get("errors.0.extensions.code").String() }

// Clean fails the test where an answer shows our insides: SQL, Go, paths, stacks.
func (a *Answer) Clean() *Answer {
	a.t.Helper()
	// Ids are random: now and then one of them holds a word such as pgx.
	lower := regexp.MustCompile(`_[0-9a-z]{26}`).ReplaceAllString(strings.ToLower(a.Raw), "_")
	for _, word := range []string{"select ", "insert ", "sqlstate", "sql:", "pgx", "sqlite", "goroutine", ".go:", "panic", "ent:", "constraint", "/work", "runtime error", "nil pointer"} {
		require.NotContains(a.t, lower, word)
	}
	require.NotContains(a.t, a.Raw, "INTERNAL")
	require.Less(a.t, a.Status, 500, a.Raw)
	return a
}
