package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/Khan/genqlient/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// mostAnswer bounds an answer of the graph, in bytes. The graph's own bound is 4 MiB unless configured otherwise.
const mostAnswer = 16 << 20

// patience is how long the graph, or what stands before it, may take to answer an operation. The graph's own deadlines are shorter.
const patience = 20 * time.Second

// GraphError is an answer of the graph, or of what stands before it, without the data that a page needs.
type GraphError struct {
	Status     int    // of HTTP; 0 where no answer came
	Code       string // of the first error, such as UNAVAILABLE; "" where there is none
	Message    string
	RetryAfter int // seconds; 0: not said
}

// Error returns code, status and message. The message may quote a value that a person typed: logs get code and status alone.
func (e *GraphError) Error() string {
	return fmt.Sprintf("graph: %s (%d): %s", e.Code, e.Status, e.Message)
}

// unreached reports whether a gateway answered in the graph's place, because it couldn't reach the graph or got no answer in time. These are the
// codes of Apollo's gateways and of Hive's, which calls what it doesn't explain INTERNAL_SERVER_ERROR; the graph itself uses none of them.
func (e *GraphError) unreached() bool {
	switch e.Code {
	case "INTERNAL_SERVER_ERROR", "SUBREQUEST_HTTP_ERROR", "DOWNSTREAM_SERVICE_ERROR", "GATEWAY_TIMEOUT", "TIMEOUT_ERROR", "REQUEST_TIMEOUT":
		return true
	}
	return e.Status == http.StatusBadGateway || e.Status == http.StatusServiceUnavailable || e.Status == http.StatusGatewayTimeout
}

// refuses reports whether the graph, or a gateway before it, has no such operation: trying again changes nothing.
func (e *GraphError) refuses() bool {
	return e.Status >= http.StatusBadRequest && e.Status < http.StatusInternalServerError && e.Code != "UNAUTHENTICATED" && e.Code != "RATE_LIMITED" && !e.unreached()
}

// client sends the operations of one visitor. It implements graphql.Client. Queries without credentials go by GET, so that the
// graph can answer from what it keeps, and with 304 where the page that was made of the answer is still right.
type client struct {
	carrier  http.RoundTripper
	endpoint *url.URL
	from     *http.Request // whose page it is: for its address and X-Forwarded-For
	language string
	key      string // the case key; "" for public operations
	made     *basis // what public answers a page is made of; nil: not recorded
	request  string // id of the request, for the graph's log
}

func (c *client) header() http.Header {
	header := make(http.Header, 8)
	header["Accept"] = []string{"application/json"}
	header["Accept-Language"] = []string{c.language}
	if c.key != "" {
		header.Set("Authorization", "Bearer "+c.key)
	}
	if c.request != "" {
		header["X-Request-Id"] = []string{c.request}
	}
	if agent := c.from.Header["User-Agent"]; len(agent) > 0 {
		header["User-Agent"] = agent[:1]
	}
	if forwarded := c.from.Header.Values("X-Forwarded-For"); len(forwarded) > 0 {
		header["X-Forwarded-For"] = forwarded
	}
	return header
}

// MakeRequest executes an operation.
//
// Errors: *GraphError, and those of the context.
func (c *client) MakeRequest(ctx context.Context, req *graphql.Request, resp *graphql.Response) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := c.send(ctx, req)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	return read(answer, resp)
}

// send returns the answer to an operation, with its body open.
func (c *client) send(ctx context.Context, req *graphql.Request) (*http.Response, error) {
	r, err := c.build(ctx, req)
	if err != nil {
		return nil, err
	}
	answer, err := c.carry(r)
	if err != nil {
		return nil, err
	}
	if c.made != nil {
		c.made.add(r.URL.RawQuery, answer)
	}
	return answer, nil
}

// carry returns the answer to a request. A graph that can't be reached is a *GraphError with the code UNAVAILABLE.
func (c *client) carry(r *http.Request) (*http.Response, error) {
	answer, err := c.carrier.RoundTrip(r)
	if err == nil {
		return answer, nil
	}
	if ended := r.Context().Err(); errors.Is(ended, context.Canceled) { // nobody waits any more
		return nil, ended
	}
	return nil, &GraphError{Code: "UNAVAILABLE", Message: err.Error()}
}

// build returns the request of an operation: GET for a query without credentials, else POST.
func (c *client) build(ctx context.Context, req *graphql.Request) (*http.Request, error) {
	query := strings.TrimSpace(req.Query)
	if c.key == "" && strings.HasPrefix(query, "query") {
		variables, err := json.Marshal(req.Variables)
		if err != nil {
			return nil, err
		}
		return c.get(ctx, url.Values{"query": {query}, "operationName": {req.OpName}, "variables": {string(variables)}}.Encode()), nil
	}
	body, err := json.Marshal(graphql.Request{Query: query, Variables: req.Variables, OpName: req.OpName})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header, r.RemoteAddr = c.header(), c.from.RemoteAddr
	r.Header.Set("Content-Type", "application/json")
	return r, nil
}

// get returns the request of a query string.
func (c *client) get(ctx context.Context, query string) *http.Request {
	at := *c.endpoint
	at.RawQuery = query
	r := &http.Request{
		Method: http.MethodGet, URL: &at, Host: at.Host, Header: c.header(), RemoteAddr: c.from.RemoteAddr,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	return r.WithContext(ctx)
}

func read(answer *http.Response, resp *graphql.Response) error {
	failed := &GraphError{Status: answer.StatusCode}
	failed.RetryAfter, _ = strconv.Atoi(answer.Header.Get("Retry-After"))
	if err := json.NewDecoder(io.LimitReader(answer.Body, mostAnswer)).Decode(resp); err != nil {
		failed.Code, failed.Message = "UNAVAILABLE", "the answer is no GraphQL response: "+err.Error()
		return failed
	}
	if len(resp.Errors) > 0 {
		failed.Code, failed.Message = codeOf(resp.Errors), resp.Errors[0].Message
		return failed
	}
	return nil
}

func codeOf(errs gqlerror.List) string {
	code, _ := errs[0].Extensions["code"].(string)
	return code
}
