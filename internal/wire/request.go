package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
)

// defaultLimit bounds a request: a body, or a message of a WebSocket.
const defaultLimit = 1 << 20

// firstRead is how many bytes of memory a body gets before any of it has come. Nearly all are shorter.
const firstRead = 4 << 10

// badRequest is why a request is none, with the HTTP status that says so.
type badRequest struct {
	status  int
	message string
}

func (b *badRequest) Error() string { return b.message }

func badRequestf(status int, format string, args ...any) error {
	return &badRequest{status: status, message: fmt.Sprintf(format, args...)}
}

// postParams reads a request from a body (GraphQL over HTTP, section "POST").
func postParams(w http.ResponseWriter, r *http.Request, limit int64) (*graphql.RawParams, error) {
	start := graphql.Now()
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := parameters["charset"]
	if err != nil || kind != mediaJSON || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, badRequestf(http.StatusUnsupportedMediaType, "the body must be application/json in UTF-8")
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, badRequestf(http.StatusUnsupportedMediaType, "the body must not be compressed")
	}
	body, err := readBody(w, r, limit)
	if err != nil {
		return nil, err
	}
	params, err := decodeParams(body)
	if err != nil {
		return nil, err
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, nil
}

func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	var body bytes.Buffer
	if r.ContentLength > 0 { // what is declared need not come: the rest of the buffer grows with what does
		body.Grow(int(min(r.ContentLength, firstRead)) + bytes.MinRead)
	}
	_, err := io.Copy(&body, http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, badRequestf(http.StatusRequestEntityTooLarge, "the body must not exceed %d bytes", limit)
	case isFull(err):
		return nil, Full{}
	case err != nil:
		return nil, badRequestf(http.StatusBadRequest, "the body could not be read")
	}
	return body.Bytes(), nil
}

// getParams reads a request from a URL (GraphQL over HTTP, section "GET").
func getParams(r *http.Request) (*graphql.RawParams, error) {
	params := &graphql.RawParams{Headers: r.Header}
	params.ReadTime.Start = graphql.Now()
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badRequestf(http.StatusBadRequest, "the query string is malformed")
	}
	for _, name := range []string{"query", "operationName", "variables", "extensions"} {
		if len(query[name]) > 1 {
			return nil, badRequestf(http.StatusBadRequest, "%s", duplicate(name))
		}
		if !utf8.ValidString(query.Get(name)) {
			return nil, badRequestf(http.StatusBadRequest, "%s must be in UTF-8", name)
		}
	}
	params.Query = query.Get("query")
	params.OperationName = query.Get("operationName")
	if params.Variables, err = getObject(query, "variables"); err != nil {
		return nil, err
	}
	if params.Extensions, err = getObject(query, "extensions"); err != nil {
		return nil, err
	}
	if params.Query == "" && !persisted(params.Extensions) {
		return nil, badRequestf(http.StatusBadRequest, "query is missing")
	}
	params.ReadTime.End = graphql.Now()
	return params, nil
}

// persisted marks a request whose query is given by its hash (automatic persisted queries): the execution looks the document up.
func persisted(extensions map[string]any) bool { return extensions["persistedQuery"] != nil }

func getObject(query url.Values, name string) (object map[string]any, err error) {
	if text := query.Get(name); text != "" {
		if err := decodeJSON([]byte(text), &object); err != nil {
			return nil, badRequestf(http.StatusBadRequest, "%s must be a JSON object", name)
		}
	}
	return object, nil
}

// decodeParams reads what a body, or the payload of a subscribe message, asks for: an object with a query, and
// perhaps operationName, variables and extensions, each of its type or null.
func decodeParams(data []byte) (*graphql.RawParams, error) {
	if !utf8.Valid(data) {
		return nil, badRequestf(http.StatusBadRequest, "the request must be in UTF-8")
	}
	var in graphql.RawParams
	err := decodeMembers(data, map[string]any{
		"query": &in.Query, "operationName": &in.OperationName, "variables": &in.Variables, "extensions": &in.Extensions,
	})
	var wrongType *json.UnmarshalTypeError
	var twice duplicate
	switch {
	case errors.As(err, &twice):
		return nil, badRequestf(http.StatusBadRequest, "%s", twice)
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return nil, badRequestf(http.StatusBadRequest, "%s must not be a JSON %s", wrongType.Field, wrongType.Value)
	case errors.As(err, &wrongType):
		return nil, badRequestf(http.StatusBadRequest, "the request must be one JSON object")
	case err != nil:
		return nil, badRequestf(http.StatusBadRequest, "the request is not JSON")
	case in.Query == "" && !persisted(in.Extensions):
		return nil, badRequestf(http.StatusBadRequest, "query is missing")
	}
	return &in, nil
}

// decodeJSON reads one JSON value and nothing after it. Numbers stay as they were written: a float64 would round
// large integers.
func decodeJSON(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}
