// Package wire carries GraphQL between the network and gqlgen's executor: HTTP, server-sent events and WebSocket.
//
// It stands in for gqlgen's own transports where those fall short of the protocols: status codes and content
// negotiation of GraphQL over HTTP, close codes of graphql-transport-ws, a slow reader, and an orderly end. Register
// WebSocket, SSE and HTTP in this order: gqlgen takes the first that supports a request, and HTTP takes any.
//
// Resolvers must not call gqlgen's transport.AddSubscriptionError: it works with gqlgen's own WebSocket only. An
// error before the first response ends a subscription as its request error.
package wire

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// codeUnavailable marks an error that may be gone when the same request is sent again.
const codeUnavailable = "UNAVAILABLE"

// sharedKey is where Share keeps the encoding. GraphQL's names have no NUL, so it is nobody's extension.
const sharedKey = "\x00encoded"

type encoded []byte

// Encode is the response as JSON: errors, data, extensions. A response without data, which is how gqlgen says that
// nothing was executed, has no "data" entry either (GraphQL, section 7.1). What Share returned is not encoded again;
// the caller must not change the bytes.
func Encode(response *graphql.Response) []byte {
	if bytes, ok := response.Extensions[sharedKey].(encoded); ok {
		return bytes
	}
	return slices.Concat(pieces(response)...)
}

// Share returns a copy of the response that is encoded already. Give the same copy to every watcher of one public
// answer, from an operation interceptor of gqlgen: a thousand watchers then cost one execution and one encoding.
//
// The copy holds nothing of the response but its errors. The encoding travels in the copy's Extensions, which only this package's transports know to leave out: don't hand
// the copy to another transport, and don't change it.
func Share(response *graphql.Response) *graphql.Response {
	shared := *response
	all := pieces(response)
	bytes := slices.Concat(all...)
	at := 0
	for _, piece := range all { // the data is that of the encoding, so that there is one copy of it
		if len(piece) > 0 && len(response.Data) > 0 && &piece[0] == &response.Data[0] {
			shared.Data = bytes[at : at+len(piece) : at+len(piece)]
		}
		at += len(piece)
	}
	shared.Extensions = map[string]any{sharedKey: encoded(bytes)}
	return &shared
}

// pieces are what Encode gives, in parts. The data, which is nearly all of it, is the response's own and not copied.
func pieces(response *graphql.Response) [][]byte {
	if bytes, ok := response.Extensions[sharedKey].(encoded); ok {
		return [][]byte{bytes}
	}
	all := make([][]byte, 0, 7)
	entry := func(name string, value []byte) {
		before := `,"`
		if len(all) == 0 {
			before = `{"`
		}
		all = append(all, []byte(before+name+`":`), value)
	}
	if len(response.Errors) > 0 {
		errors, err := json.Marshal(response.Errors)
		if err != nil {
			return internalError(err)
		}
		entry("errors", errors)
	}
	switch {
	case len(response.Data) > 0:
		entry("data", response.Data)
	case len(response.Errors) == 0:
		entry("data", []byte("null"))
	}
	if len(response.Extensions) > 0 {
		extensions, err := json.Marshal(response.Extensions)
		if err != nil {
			return internalError(err)
		}
		entry("extensions", extensions)
	}
	return append(all, []byte{'}'})
}

// internalError answers in place of a response with an extension that can't be encoded, which is our mistake. The
// caller learns no more than that.
func internalError(error) [][]byte {
	return [][]byte{[]byte(`{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}`)}
}

// isRequestError reports whether nothing was executed: there are errors and no data, not even null.
func isRequestError(response *graphql.Response) bool {
	return len(response.Data) == 0 && len(response.Errors) > 0
}

func requestError(code, format string, args ...any) *graphql.Response {
	return &graphql.Response{Errors: gqlerror.List{{
		Message:    fmt.Sprintf(format, args...),
		Extensions: map[string]any{"code": code},
	}}}
}
