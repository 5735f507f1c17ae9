package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"nelke/graph"
	"nelke/internal/cache"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
)

const (
	exportPath = "/export/xzufi.xml"
	exportAge  = time.Minute // how long browsers and proxies may keep it: it is read now and then, not before each click
)

// handleExport serves the catalogue of all towns, or of those whose Regionalschlüssel begin with ars, as XZuFi. The answer is
// public, and doesn't depend on the caller or the language.
func handleExport(p *portal.Portal, site string, now func() time.Time, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query, err := url.ParseQuery(r.URL.RawQuery)
		ars := query.Get("ars")
		if err != nil || !region(ars) { // what is left of a query that is malformed would mean something else
			refuse(w, r, http.StatusBadRequest, "INVALID_INPUT", "ars is the beginning of a Regionalschlüssel: at most twelve digits.")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), operationLimit)
		defer cancel()
		var outlived cache.Outlived
		e, err := p.XZuFi(cache.Lenient(ctx, &outlived), ars, site)
		switch {
		case err != nil && r.Context().Err() != nil:
			return // nobody is there any more
		case err != nil:
			answerError(ctx, w, log, "an export failed", err, func(status int) {
				if status == http.StatusServiceUnavailable {
					refuse(w, r, status, "UNAVAILABLE", "The service can't answer just now. Please try again in a moment.")
					return
				}
				refuse(w, r, status, "INTERNAL", "Something went wrong on our side. It has been noted.")
			})
		case e == nil:
			refuse(w, r, http.StatusNotFound, "NOT_FOUND", "There is no such town here.")
		default:
			writeExport(w, r, e, outlived.Since(), now())
		}
	}
}

// region reports whether a text may begin a Regionalschlüssel.
func region(ars string) bool {
	return len(ars) <= 12 && strings.Trim(ars, "0123456789") == ""
}

// writeExport writes an export, compressed for clients that accept gzip. Each of the two forms has an ETag of its own, since
// their bytes differ. An export served from memory while the database is away has its age in the headers; staleSince is the
// instant at which it was read, zero where the database was asked.
func writeExport(w http.ResponseWriter, r *http.Request, e *catalogue.Export, staleSince, now time.Time) {
	header := w.Header()
	header.Set("Vary", "Accept-Encoding")
	header.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(exportAge/time.Second))+staleIfError(now, time.Time{}, 0))
	if !staleSince.IsZero() {
		aged(header, graph.StaleAt(staleSince, now))
	}
	tag, size := `"`+e.Hash+`"`, e.Size
	small := acceptsGzip(r.Header)
	if small {
		tag, size = `"`+e.Hash+`-gzip"`, len(e.Gzip)
	}
	header.Set("ETag", tag)
	if matches(r.Header["If-None-Match"], tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if !room(w, r, len(e.Gzip)) {
		return
	}
	header.Set("Content-Type", "application/xml; charset=utf-8")
	header.Set("Content-Disposition", `inline; filename="xzufi.xml"`)
	header.Set("Content-Length", strconv.Itoa(size))
	if small {
		header.Set("Content-Encoding", "gzip")
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	if small {
		_, _ = w.Write(e.Gzip) // a client that went away is no concern of ours
		return
	}
	body, err := gzip.NewReader(bytes.NewReader(e.Gzip))
	if err != nil {
		panic(err) // we compressed it
	}
	_, _ = io.Copy(w, body)
}

// acceptsGzip reports whether a client can read gzip (RFC 9110, section 12.5.3).
func acceptsGzip(header http.Header) bool {
	rest := false
	for one := range strings.SplitSeq(strings.Join(header["Accept-Encoding"], ","), ",") {
		coding, parameters, _ := strings.Cut(one, ";")
		weight, weighted := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(parameters), " ", ""), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		wanted := !weighted || err == nil && q > 0
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return wanted
		case "*":
			rest = wanted
		}
	}
	return rest
}
