package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
)

// operation is one that a client subscribed to and that runs in a goroutine of its own.
type operation struct {
	id        string
	quotedID  []byte // id as JSON
	cancel    context.CancelFunc
	streaming bool // it is a subscription; guarded by session.mu
	weight    int  // what it takes of the stream's room; after admit only its own goroutine looks
}

// subscribe starts the operation, or returns how to close the connection.
func (s *session) subscribe(ctx context.Context, m message) error {
	if m.ID == nil || *m.ID == "" {
		return errors.New("subscribe needs an id")
	}
	params, err := decodeParams(m.Payload)
	if err != nil {
		return err
	}
	params.Headers = s.header
	now := graphql.Now()
	params.ReadTime = graphql.TraceTiming{Start: now, End: now}
	quotedID, err := json.Marshal(*m.ID)
	if err != nil {
		return fmt.Errorf("quote id: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	o := &operation{id: *m.ID, quotedID: quotedID, cancel: cancel, weight: weight(params)}
	if s.config.Check != nil {
		switch err := s.config.Check(ctx); {
		case errors.Is(err, ErrTryLater):
			defer cancel()
			return s.reject(ctx, o)
		case err != nil:
			defer cancel()
			s.leave(closing(err)) // and whoever connects again asks again
			return nil
		}
	}

	refusal, err := s.admit(o)
	if err != nil || refusal != nil {
		defer cancel()
	}
	switch {
	case err != nil:
		return err
	case refusal != nil:
		_ = s.sendErrors(ctx, o, refusal)
		return nil
	}
	s.running.Go(func() {
		defer s.finish(o)
		s.run(graphql.StartOperationTrace(ctx), o, params)
	})
	return nil
}

// reject refuses an operation because nobody can tell whether the client may run it.
func (s *session) reject(ctx context.Context, o *operation) error {
	s.mu.Lock()
	taken := s.operations[o.id] != nil
	s.mu.Unlock()
	if taken {
		return subscriberExists(o.id)
	}
	_ = s.sendErrors(ctx, o, refused(s.exec, requestError(codeUnavailable, "the token can't be checked just now")))
	return nil
}

func subscriberExists(id string) *CloseError {
	return &CloseError{Code: closeSubscriberExists, Reason: "Subscriber for " + id + " already exists"}
}

// admit takes the id and counts the operation, or refuses it, or returns how to close the connection.
func (s *session) admit(o *operation) (*graphql.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.operations[o.id] != nil:
		return nil, subscriberExists(o.id)
	case s.draining: // the connection stays open for the answers that are due
		return refused(s.exec, requestError(codeUnavailable, "going away")), nil
	case s.count >= s.config.MaxOperations:
		return refused(s.exec, requestError("TOO_MANY_OPERATIONS", "at most %d operations may run on a connection", s.config.MaxOperations)), nil
	case !s.room.take(o.weight):
		return refused(s.exec, full()), nil
	}
	s.operations[o.id] = o
	s.count++
	s.answers.Add(1)
	return nil, nil
}

// complete ends an operation because the client has had enough. Its id is free from now on.
func (s *session) complete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.operations[id]; o != nil {
		o.cancel()
		delete(s.operations, id)
	}
}

func (s *session) finish(o *operation) {
	o.cancel()
	s.room.take(-o.weight)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count--
	if s.operations[o.id] == o {
		delete(s.operations, o.id)
	}
	if !o.streaming {
		s.answers.Done()
	}
}

func (s *session) run(ctx context.Context, o *operation, params *graphql.RawParams) {
	prepared, refusal := prepare(ctx, s.exec, params)
	if refusal != nil {
		_ = s.sendErrors(ctx, o, refusal)
		return
	}
	if isSubscription(prepared) {
		s.stream(o)
	} else {
		var load Load // of the answer, until it is written
		load.Begin(s.config.Transit, s.asked)
		defer load.End()
		ctx = WithLoad(ctx, &load)
	}
	began := false
	rejected := false
	longest := 0 // of its responses
	ended := perform(ctx, s.exec, prepared, func(response *graphql.Response) error {
		if !began && isRequestError(response) {
			rejected = true
			return s.sendErrors(ctx, o, response)
		}
		began = true
		payload := Encode(response)
		if more := copies*len(payload) - longest; o.streaming && more > 0 {
			if !s.room.take(more) {
				rejected = true
				_ = s.sendErrors(ctx, o, refused(s.exec, full()))
				return errFull
			}
			longest += more
			o.weight += more
		}
		return s.send(ctx, o.quotedID, "next", payload)
	})
	if ended && !rejected {
		s.free(o)
		_ = s.send(ctx, o.quotedID, "complete", nil)
	}
}

// stream notes that the operation is a subscription: a shutdown ends it, and doesn't wait for it.
func (s *session) stream(o *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.streaming = true
	s.answers.Done()
	if s.draining {
		o.cancel()
	}
}

// free lets the client use the id again as soon as it reads that the operation is complete.
func (s *session) free(o *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.operations[o.id] == o {
		delete(s.operations, o.id)
	}
}

// sendErrors says that the operation isn't executed. No complete follows.
func (s *session) sendErrors(ctx context.Context, o *operation, refusal *graphql.Response) error {
	payload, err := json.Marshal(refusal.Errors)
	if err != nil {
		return fmt.Errorf("encode errors of operation %s: %w", o.id, err)
	}
	s.free(o)
	return s.send(ctx, o.quotedID, "error", payload)
}
