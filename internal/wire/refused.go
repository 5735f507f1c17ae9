package wire

import (
	"strconv"

	"github.com/99designs/gqlgen/graphql"
)

// Counter is what an executor may be besides: it gets each refusal that it doesn't see, since a transport makes it.
type Counter interface {
	// Refused takes the code of the error, or WEBSOCKET_ and the close code of a connection that broke the protocol or may
	// not go on.
	Refused(code string)
}

// refused passes a refusal that a transport makes to the executor, which counts it, and returns it.
func refused(exec graphql.GraphExecutor, response *graphql.Response) *graphql.Response {
	if counter, ok := exec.(Counter); ok {
		for _, err := range response.Errors {
			code, _ := err.Extensions["code"].(string)
			counter.Refused(code)
		}
	}
	return response
}

// refusedBy is refused for a connection that is closed. Codes below 4400 say nothing of what its client did.
func refusedBy(exec graphql.GraphExecutor, closeCode int) {
	if counter, ok := exec.(Counter); ok && closeCode >= closeBadRequest && closeCode < 4500 {
		counter.Refused("WEBSOCKET_" + strconv.Itoa(closeCode))
	}
}
