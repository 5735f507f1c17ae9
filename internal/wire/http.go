package wire

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// allowed are the methods that are answered.
const allowed = "GET, HEAD, POST, OPTIONS"

// HTTP answers POST, GET and HEAD as the GraphQL over HTTP specification asks. It takes every request, so that what is no
// GraphQL request is refused in the same manner: register it last.
//
// A client that accepts application/graphql-response+json reads from the status whether anything was executed. For
// application/json, the default, the status of every well-formed request is 200. Mutations and subscriptions by GET
// are 405.
type HTTP struct {
	// MaxBody is how many bytes a body may have. Default 1 MiB.
	MaxBody int64
	// Status may choose another status for a response, and set headers such as Retry-After; 0 leaves the usual one.
	// It must not change the response. May be nil.
	Status func(header http.Header, response *graphql.Response) int
}

var _ graphql.Transport = HTTP{}

// Supports any request.
func (HTTP) Supports(*http.Request) bool { return true }

// Do answers the request.
func (t HTTP) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	w.Header().Add("Vary", "Accept")
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	media := negotiate(r.Header, mediaJSON, mediaGraphQL)
	if media == "" {
		refuse(w, exec, mediaJSON, badRequestf(http.StatusNotAcceptable, "answers are %s or %s", mediaGraphQL, mediaJSON))
		return
	}
	params, err := t.params(w, r)
	if err != nil {
		refuse(w, exec, media, err)
		return
	}
	operation, refusal := prepare(r.Context(), exec, params)
	switch {
	case refusal != nil:
		t.write(w, media, refusal)
	case r.Method != http.MethodPost && operation.Operation.Operation != ast.Query:
		w.Header().Set("Allow", "POST")
		refuse(w, exec, media, badRequestf(http.StatusMethodNotAllowed, "GET is for queries only"))
	case isSubscription(operation):
		t.write(w, media, refused(exec, requestError("SUBSCRIPTION_NEEDS_STREAM", "subscriptions need a WebSocket, or a request that accepts %s", mediaEventStream)))
	default:
		perform(r.Context(), exec, operation, func(response *graphql.Response) error {
			t.write(w, media, response)
			return nil
		})
	}
}

func (t HTTP) params(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, error) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return getParams(r)
	case http.MethodPost:
		limit := t.MaxBody
		if limit == 0 {
			limit = defaultLimit
		}
		return postParams(w, r, limit)
	default:
		w.Header().Set("Allow", allowed)
		return nil, badRequestf(http.StatusMethodNotAllowed, "the method must be GET, HEAD or POST")
	}
}

func (t HTTP) write(w http.ResponseWriter, media string, response *graphql.Response) {
	status := http.StatusOK
	if isRequestError(response) {
		status = statusOf(media, response.Errors[0].Extensions["code"])
		if status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
	}
	if t.Status != nil {
		if other := t.Status(w.Header(), response); other != 0 {
			status = other
		}
	}
	writeJSON(w, media, status, pieces(response)...)
}

// statusOf is the status of a request of which nothing was executed, by the media type of its answer and the error's code. To
// who reads application/json it is 200: clients of that take everything else for a failure of the network.
func statusOf(media string, code any) int {
	switch {
	case code == codeUnavailable:
		return http.StatusServiceUnavailable
	case media == mediaGraphQL:
		return http.StatusBadRequest
	default:
		return http.StatusOK
	}
}

// refuse answers what isn't a GraphQL request, or isn't read to its end, whatever the media type, with a status that says so.
func refuse(w http.ResponseWriter, exec graphql.GraphExecutor, media string, err error) {
	if isFull(err) {
		w.Header().Set("Retry-After", strconv.Itoa(fullRetry))
		w.Header().Set("Connection", "close") // or the server would wait for the rest of the body before it sends the answer
		writeJSON(w, media, http.StatusServiceUnavailable, Encode(refused(exec, noRoom())))
		return
	}
	status := http.StatusBadRequest
	if bad := (*badRequest)(nil); errors.As(err, &bad) {
		status = bad.status
	}
	writeJSON(w, media, status, Encode(refused(exec, requestError("BAD_REQUEST", "%s", err.Error()))))
}

func writeJSON(w http.ResponseWriter, media string, status int, body ...[]byte) {
	length := 0
	for _, piece := range body {
		length += len(piece)
	}
	header := w.Header()
	header.Set("Content-Type", media+"; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(status)
	for _, piece := range body {
		_, _ = w.Write(piece) // a client that went away is no concern of ours
	}
}
