package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/Khan/genqlient/graphql"
)

// errEnded says that a subscription has ended by itself.
var errEnded = errors.New("the subscription has ended")

// follow runs a subscription by server-sent events and calls each with the data of each state, a pointer to a value of the
// operation's response type. It returns errEnded where the graph completes the subscription, each's error, or why
// the stream broke. What keeps the graph's stream alive keeps the page's alive, too.
func follow[T any](ctx context.Context, c *client, name, operation string, variables any, s *stream, each func(*T) error) error {
	return c.subscribe(ctx, name, operation, variables, s, func(answer []byte) error {
		value, err := decoded[T](answer)
		if err != nil {
			return err
		}
		return each(value)
	})
}

// decoded reads the data of an answer of the graph.
//
// Errors: *GraphError where it has errors.
func decoded[T any](answer []byte) (*T, error) {
	value := new(T)
	resp := graphql.Response{Data: value}
	if err := json.Unmarshal(answer, &resp); err != nil {
		return nil, err
	}
	if len(resp.Errors) > 0 {
		return nil, &GraphError{Status: http.StatusOK, Code: codeOf(resp.Errors), Message: resp.Errors[0].Message}
	}
	return value, nil
}

// subscribe is follow with the answers as they come. An answer's bytes are valid until next returns.
func (c *client) subscribe(ctx context.Context, name, operation string, variables any, s *stream, next func(answer []byte) error) error {
	r, err := c.build(ctx, &graphql.Request{Query: operation, Variables: variables, OpName: name})
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "text/event-stream")
	events := &eventReader{handle: func(event string, data []byte) error {
		switch event {
		case "next":
			return next(data)
		case "complete":
			return errEnded
		case "":
			return s.ping()
		}
		return nil
	}}
	var answer *http.Response
	var refusal bounded
	streams := false
	if err := c.push(r, func(a *http.Response) io.Writer {
		answer, streams = a, strings.HasPrefix(a.Header.Get("Content-Type"), "text/event-stream")
		if streams {
			return events
		}
		return &refusal
	}); err != nil {
		return err
	}
	if streams {
		return events.end()
	}
	answer.Body = io.NopCloser(&refusal.body)
	var resp graphql.Response
	return cmp.Or(read(answer, &resp), errEnded)
}

// push sends a request and writes the body of its answer, as it comes, to what begin returns.
func (c *client) push(r *http.Request, begin func(*http.Response) io.Writer) error {
	if direct, ok := c.carrier.(pushing); ok {
		direct.push(r, begin)
		return nil
	}
	answer, err := c.carry(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyBuffer(begin(answer), answer.Body, make([]byte, 4<<10)) // what came last shows how it has ended
	return nil
}

// bounded is an answer that is held in memory, as far as it isn't too long.
type bounded struct{ body bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.body.Len()+len(p) > mostAnswer {
		return 0, errTooLong
	}
	return b.body.Write(p)
}

var errTooLong = errors.New("the graph's answer is too long")

// eventReader reads the server-sent events that are written to it, until handle fails. A comment, which keeps the connection alive, is an
// event without a name. The data that handle gets is valid until it returns.
type eventReader struct {
	handle func(event string, data []byte) error

	line   []byte // what came of a line that isn't at its end
	event  string
	data   []byte
	owned  bool // whether data is the reader's own, rather than a part of what is being written
	err    error
	broken any // what handle panicked with
}

// Write reads events, and fails with what handle has failed with, then and ever after.
func (e *eventReader) Write(b []byte) (int, error) {
	n := len(b)
	for e.err == nil && len(b) > 0 {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			e.err = e.hold(b)
			break
		}
		line := b[:end]
		b = b[end+1:]
		if len(e.line) > 0 {
			if e.err = e.hold(line); e.err != nil {
				break
			}
			line, e.line = e.line, nil
		}
		e.err = e.take(bytes.TrimSuffix(line, []byte("\r")))
	}
	if e.err != nil {
		return 0, e.err
	}
	if e.data != nil && !e.owned {
		e.data, e.owned = bytes.Clone(e.data), true
	}
	return n, nil
}

// hold keeps a part of a line until the rest has come.
func (e *eventReader) hold(part []byte) error {
	if len(e.line)+len(part) > mostAnswer {
		return errTooLong
	}
	e.line = append(e.line, part...)
	return nil
}

// take reads a line.
func (e *eventReader) take(line []byte) error {
	if len(line) == 0 {
		event, data := e.event, e.data
		e.event, e.data, e.owned = "", nil, false
		if event == "" && data == nil {
			return nil
		}
		return e.hand(event, data)
	}
	if line[0] == ':' {
		return e.hand("", nil)
	}
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(field) {
	case "event":
		e.event = string(value)
	case "data":
		switch {
		case len(e.data)+len(value) > mostAnswer:
			return errTooLong
		case e.data == nil:
			e.data = value
		default:
			if !e.owned {
				e.data, e.owned = bytes.Clone(e.data), true
			}
			e.data = append(e.data, value...)
		}
	}
	return nil
}

// hand gives an event to handle. A panic waits for end: on its way it would be taken for one of whoever writes.
func (e *eventReader) hand(event string, data []byte) (err error) {
	defer func() {
		if value := recover(); value != nil {
			e.broken = fmt.Sprintf("%v\n%s", value, debug.Stack())
			err = errors.New("panic")
		}
	}()
	return e.handle(event, data)
}

// end returns why there are no more events.
func (e *eventReader) end() error {
	if e.broken != nil {
		panic(e.broken)
	}
	return cmp.Or(e.err, io.ErrUnexpectedEOF)
}
