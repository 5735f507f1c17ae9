package wire_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"

	"nelke/internal/wire"
)

const (
	plainJSON   = "application/json"
	graphqlJSON = "application/graphql-response+json"
)

func jsonHeader(accept ...string) http.Header {
	header := http.Header{"Content-Type": {plainJSON}}
	if len(accept) > 0 {
		header["Accept"] = accept
	}
	return header
}

func TestHTTPRefusesWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	town := setup(t, config{plain: wire.HTTP{MaxBody: 1 << 20}})
	hello := `{"query":"{hello}"}`
	query := func(pairs ...string) string {
		values := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		return "?" + values.Encode()
	}
	for name, test := range map[string]struct {
		method, query, body string
		header              http.Header
		status              int
	}{
		"broken JSON":                    {"POST", "", `{"query":`, jsonHeader(), 400},
		"empty body":                     {"POST", "", ``, jsonHeader(), 400},
		"no object":                      {"POST", "", `[]`, jsonHeader(), 400},
		"null":                           {"POST", "", `null`, jsonHeader(), 400},
		"a batch":                        {"POST", "", `[` + hello + `]`, jsonHeader(), 400},
		"two objects":                    {"POST", "", hello + hello, jsonHeader(), 400},
		"broken UTF-8":                   {"POST", "", "{\"query\":\"{hello}\",\"operationName\":\"\xff\"}", jsonHeader(), 400},
		"no query":                       {"POST", "", `{}`, jsonHeader(), 400},
		"query is null":                  {"POST", "", `{"query":null}`, jsonHeader(), 400},
		"query is a number":              {"POST", "", `{"query":1}`, jsonHeader(), 400},
		"query is an object":             {"POST", "", `{"query":{}}`, jsonHeader(), 400},
		"variables are a string":         {"POST", "", `{"query":"{hello}","variables":"{}"}`, jsonHeader(), 400},
		"variables are a list":           {"POST", "", `{"query":"{hello}","variables":[]}`, jsonHeader(), 400},
		"operationName is a number":      {"POST", "", `{"query":"{hello}","operationName":1}`, jsonHeader(), 400},
		"extensions are a number":        {"POST", "", `{"query":"{hello}","extensions":1}`, jsonHeader(), 400},
		"nested too deep":                {"POST", "", `{"query":"{hello}","variables":` + strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20001), jsonHeader(), 400},
		"a byte over 1 MiB":              {"POST", "", `{"query":"` + strings.Repeat("x", 1<<20-11) + `"}`, jsonHeader(), 413},
		"no content type":                {"POST", "", hello, http.Header{}, 415},
		"a form":                         {"POST", "", hello, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, 415},
		"plain text":                     {"POST", "", hello, http.Header{"Content-Type": {"text/plain"}}, 415},
		"another charset":                {"POST", "", hello, http.Header{"Content-Type": {"application/json; charset=iso-8859-1"}}, 415},
		"malformed content type":         {"POST", "", hello, http.Header{"Content-Type": {";"}}, 415},
		"compressed":                     {"POST", "", hello, http.Header{"Content-Type": {plainJSON}, "Content-Encoding": {"gzip"}}, 415},
		"nothing acceptable":             {"POST", "", hello, jsonHeader("text/html"), 406},
		"JSON forbidden":                 {"POST", "", hello, jsonHeader("application/json;q=0"), 406},
		"mutation by GET, as events":     {"GET", query("query", "mutation{set}"), "", http.Header{"Accept": {"text/event-stream"}}, 405},
		"PUT":                            {"PUT", "", hello, jsonHeader(), 405},
		"HEAD of a mutation":             {"HEAD", query("query", "mutation{set}"), "", nil, 405},
		"HEAD without query":             {"HEAD", "", "", nil, 400},
		"query in capitals":              {"POST", "", `{"QUERY":"{hello}"}`, jsonHeader(), 400},
		"two queries":                    {"POST", "", `{"query":"{hello}","query":"mutation{set}"}`, jsonHeader(), 400},
		"GET with two queries":           {"GET", "?query=%7Bhello%7D&query=%7Bnothing%7D", "", nil, 400},
		"GET without query":              {"GET", "", "", nil, 400},
		"GET with broken escape":         {"GET", "?query=%zz", "", nil, 400},
		"GET with broken UTF-8":          {"GET", "?query=%ff", "", nil, 400},
		"GET with variables a list":      {"GET", query("query", "{hello}", "variables", "[]"), "", nil, 400},
		"GET with broken variables":      {"GET", query("query", "{hello}", "variables", "{"), "", nil, 400},
		"GET with extensions a number":   {"GET", query("query", "{hello}", "extensions", "1"), "", nil, 400},
		"GET of a mutation":              {"GET", query("query", "mutation{set}"), "", nil, 405},
		"GET of a chosen mutation":       {"GET", query("query", "query a{hello} mutation b{set}", "operationName", "b"), "", nil, 405},
		"GET of a subscription":          {"GET", query("query", "subscription{ticks}"), "", nil, 405},
		"upgrade to something else":      {"PATCH", "", "", http.Header{"Upgrade": {"h2c"}}, 405},
		"WebSocket without its headers":  {"GET", "", "", http.Header{"Upgrade": {"websocket"}}, 426},
		"broken JSON for event stream":   {"POST", "", `{`, jsonHeader("text/event-stream"), 400},
		"wrong type for event stream":    {"POST", "", hello, http.Header{"Accept": {"text/event-stream"}, "Content-Type": {"text/plain"}}, 415},
		"over 1 MiB for an event stream": {"POST", "", `{"query":"` + strings.Repeat("x", 1<<20) + `"}`, jsonHeader("text/event-stream"), 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response, body := town.do(t, test.method, test.query, test.body, test.header)
			require.Equal(t, test.status, response.StatusCode, body)
			require.Zero(t, town.sets.Load())
			if test.method != http.MethodHead && test.status != 426 {
				require.Equal(t, plainJSON+"; charset=utf-8", response.Header.Get("Content-Type"))
				var answer map[string]any
				require.NoError(t, json.Unmarshal([]byte(body), &answer))
				require.NotEmpty(t, answer["errors"])
				require.NotContains(t, answer, "data")
			}
			if test.status == 405 {
				require.Contains(t, response.Header.Get("Allow"), "POST")
			}
		})
	}
}

func TestHTTPAnswers(t *testing.T) {
	t.Parallel()
	town := setup(t, config{})
	const (
		hello   = `{"data":{"hello":"Blomberg"}}`
		nothing = `{"errors":[{"message":"nothing there"}],"data":null}`
	)
	for name, test := range map[string]struct {
		document, accept string
		status           int
		media, body      string // body "": errors and no data
	}{
		"data":                        {"{hello}", plainJSON, 200, plainJSON, hello},
		"data, as it is now":          {"{hello}", graphqlJSON, 200, graphqlJSON, hello},
		"data is null":                {"{nothing}", plainJSON, 200, plainJSON, nothing},
		"data is null, as it is now":  {"{nothing}", graphqlJSON, 200, graphqlJSON, nothing},
		"invalid":                     {"{unknown}", plainJSON, 200, plainJSON, ""},
		"invalid, as it is now":       {"{unknown}", graphqlJSON, 400, graphqlJSON, ""},
		"syntax":                      {"{", plainJSON, 200, plainJSON, ""},
		"syntax, as it is now":        {"{", graphqlJSON, 400, graphqlJSON, ""},
		"panic, as it is now":         {"{boom}", graphqlJSON, 400, graphqlJSON, ""},
		"subscription":                {"subscription{ticks}", plainJSON, 200, plainJSON, ""},
		"subscription, as it is now":  {"subscription{ticks}", graphqlJSON, 400, graphqlJSON, ""},
		"anything will do":            {"{hello}", "*/*", 200, plainJSON, hello},
		"any application type":        {"{hello}", "application/*", 200, plainJSON, hello},
		"the first of equals":         {"{hello}", graphqlJSON + ", " + plainJSON, 200, graphqlJSON, hello},
		"the first of equals again":   {"{hello}", plainJSON + ", " + graphqlJSON, 200, plainJSON, hello},
		"the preferred":               {"{hello}", plainJSON + ";q=0.5, " + graphqlJSON + ";q=0.9", 200, graphqlJSON, hello},
		"all but JSON":                {"{hello}", plainJSON + ";q=0, */*", 200, graphqlJSON, hello},
		"the more specific range":     {"{hello}", "*/*;q=0.9, " + plainJSON + ";q=0.1", 200, graphqlJSON, hello},
		"JSON rather than a stream":   {"{hello}", graphqlJSON + ", " + plainJSON + ", text/event-stream", 200, graphqlJSON, hello},
		"with an unknown parameter":   {"{hello}", plainJSON + "; charset=utf-8", 200, plainJSON, hello},
		"after a malformed range":     {"{hello}", ";;;, " + graphqlJSON, 200, graphqlJSON, hello},
		"invalid for stream or JSON":  {"{unknown}", "text/event-stream, " + graphqlJSON, 400, graphqlJSON, ""},
		"invalid for stream or older": {"{unknown}", "text/event-stream, " + plainJSON, 200, plainJSON, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request, err := json.Marshal(map[string]any{"query": test.document})
			require.NoError(t, err)
			response, body := town.do(t, "POST", "", string(request), jsonHeader(test.accept))
			require.Equal(t, test.status, response.StatusCode, body)
			require.Equal(t, test.media+"; charset=utf-8", response.Header.Get("Content-Type"))
			require.Equal(t, "Accept", response.Header.Get("Vary"))
			if test.body != "" {
				require.Equal(t, test.body, body)
				return
			}
			require.Contains(t, body, `"errors":[{`)
			require.NotContains(t, body, `"data"`)
		})
	}
	t.Run("GET with variables", func(t *testing.T) {
		t.Parallel()
		values := url.Values{
			"query": {"query a{hello} query b($n:Int!){echo(n:$n)}"}, "operationName": {"b"}, "variables": {`{"n":9007199254740993}`},
		}
		response, body := town.do(t, "GET", "?"+values.Encode(), "", nil)
		require.Equal(t, 200, response.StatusCode)
		require.Equal(t, `{"data":{"echo":"9007199254740993"}}`, body)
	})
	t.Run("a body of 1 MiB", func(t *testing.T) {
		t.Parallel()
		body := `{"query":"query($n:Int!,$big:String){echo(n:$n,big:$big)}","variables":{"n":1,"big":""}}`
		body = strings.Replace(body, `"big":""`, `"big":"`+strings.Repeat("x", 1<<20-len(body))+`"`, 1)
		require.Len(t, body, 1<<20)
		response, answer := town.do(t, "POST", "", body, jsonHeader())
		require.Equal(t, 200, response.StatusCode)
		require.Equal(t, `{"data":{"echo":"1"}}`, answer)
	})
	t.Run("names in another case are nobody's", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{`{"query":"{hello}","QUERY":"mutation{set}"}`, `{"Query":"mutation{set}","query":"{hello}","other":{"query":1}}`} {
			response, answer := town.do(t, "POST", "", body, jsonHeader())
			require.Equal(t, 200, response.StatusCode)
			require.Equal(t, hello, answer)
		}
		require.Zero(t, town.sets.Load())
	})
	t.Run("HEAD is GET without the body", func(t *testing.T) {
		t.Parallel()
		response, body := town.do(t, "HEAD", "?query=%7Bhello%7D", "", nil)
		require.Equal(t, 200, response.StatusCode)
		require.Equal(t, int64(len(hello)), response.ContentLength)
		require.Empty(t, body)
	})
	t.Run("OPTIONS", func(t *testing.T) {
		t.Parallel()
		response, _ := town.do(t, "OPTIONS", "", "", nil)
		require.Equal(t, 204, response.StatusCode)
		require.Equal(t, "GET, HEAD, POST, OPTIONS", response.Header.Get("Allow"))
	})
}

func TestHTTPStatus(t *testing.T) {
	t.Parallel()
	t.Run("a deadline that passed is 503", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{around: func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
			ctx, cancel := context.WithDeadline(ctx, time.Unix(0, 0))
			cancel()
			inner := next(ctx)
			return func(context.Context) *graphql.Response { return inner(ctx) }
		}})
		response, body := town.do(t, "POST", "", `{"query":"{hello}"}`, jsonHeader())
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
		require.Equal(t, "1", response.Header.Get("Retry-After"))
		require.Contains(t, body, `"UNAVAILABLE"`)
	})
	t.Run("may be chosen by the server", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{plain: wire.HTTP{Status: func(header http.Header, response *graphql.Response) int {
			if len(response.Errors) == 0 {
				return 0
			}
			header.Set("Retry-After", "7")
			return http.StatusServiceUnavailable
		}}})
		response, _ := town.do(t, "POST", "", `{"query":"{nothing}"}`, jsonHeader())
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
		require.Equal(t, "7", response.Header.Get("Retry-After"))
		response, _ = town.do(t, "POST", "", `{"query":"{hello}"}`, jsonHeader())
		require.Equal(t, http.StatusOK, response.StatusCode)
	})
}

func FuzzHTTP(f *testing.F) {
	f.Add("POST", plainJSON, "*/*", "", `{"query":"{hello}"}`)
	f.Add("POST", plainJSON, "text/event-stream", "", `{"query":"subscription{count(to:2)}"}`)
	f.Add("GET", "", graphqlJSON+";q=0.1", "query={hello}&variables={}", "")
	f.Fuzz(func(t *testing.T, method, contentType, accept, query, body string) {
		town := setup(t, config{})
		request, err := http.NewRequest(method, town.URL, strings.NewReader(body))
		if err != nil {
			t.Skip("no method")
		}
		request.URL.RawQuery = url.PathEscape(query)
		request.Header.Set("Content-Type", strings.ToValidUTF8(contentType, ""))
		request.Header.Set("Accept", strings.ToValidUTF8(accept, ""))
		response, err := town.Client().Do(request)
		if err != nil {
			t.Skip("not HTTP")
		}
		require.NoError(t, response.Body.Close())
		require.NotEqual(t, http.StatusInternalServerError, response.StatusCode)
	})
}
