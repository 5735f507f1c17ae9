package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// client talks GraphQL to one process as one person.
type client struct {
	At       *process
	Token    string // a case key or a staff token; empty: anonymous
	Language string // en, de
	http     *http.Client
}

// vars are the variables of a document.
type vars map[string]any

// request is the body of a GraphQL request, and the payload of a subscribe message.
type request struct {
	Query     document `json:"query"`
	Variables vars     `json:"variables,omitempty"`
}

// response is a GraphQL answer, and the payload of a next message.
type response struct {
	Data   json.RawMessage `json:"data"`
	Errors []struct {
		Message string `json:"message"`
	} `json:"errors"`
}

func (r response) into(data any) error {
	if len(r.Errors) > 0 {
		return fmt.Errorf("the graph answered with an error: %s", r.Errors[0].Message)
	}
	return json.Unmarshal(r.Data, data)
}

// ask sends a query or mutation by POST and reads its data. took is from the sending to the answer.
func (c *client) ask(ctx context.Context, d document, v vars, data any) (took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	answer, err := c.post(ctx, d, v)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	var r response
	if err := json.NewDecoder(answer.Body).Decode(&r); err != nil {
		return 0, fmt.Errorf("status %d: %w", answer.StatusCode, err)
	}
	return time.Since(began), r.into(data)
}

// lose is ask where the answer is lost on its way: the server has sent it, and nobody reads it.
func (c *client) lose(ctx context.Context, d document, v vars) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := c.post(ctx, d, v)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func (c *client) post(ctx context.Context, d document, v vars) (*http.Response, error) {
	body, err := json.Marshal(request{d, v})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.At.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = c.header()
	r.Header.Set("Content-Type", "application/json")
	return c.http.Do(r)
}

func (c *client) header() http.Header {
	h := http.Header{"Accept-Language": {c.Language}}
	if c.Token != "" {
		h.Set("Authorization", "Bearer "+c.Token)
	}
	return h
}

// at is the same person at another process.
func (c *client) at(p *process) *client {
	other := *c
	other.At = p
	return &other
}

// speaking is the same person in another language.
func (c *client) speaking(language string) *client {
	other := *c
	other.Language = language
	return &other
}
