package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"nelke/internal/catalogue"
	"nelke/internal/portal"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// qualityPath is where a town's figures are, as <town>.csv.
const qualityPath = "/quality"

// handleQuality serves the quality figures of a town as CSV (RFC 4180, UTF-8), of the months from one day to another, or of the last
// twelve. It is public, and doesn't depend on the caller or the language.
func handleQuality(p *portal.Portal, now func() time.Time, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		slug, ok := strings.CutSuffix(r.PathValue("file"), ".csv")
		if !ok {
			refuse(w, r, http.StatusNotFound, "NOT_FOUND", "There is no such file here.")
			return
		}
		from, to, ok := qualitySpan(r.URL.RawQuery, now())
		if !ok {
			refuse(w, r, http.StatusBadRequest, "INVALID_INPUT", "from and to are dates like 2026-11-22.")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), operationLimit)
		defer cancel()
		figures, err := p.ServiceQuality(ctx, catalogue.MunicipalityKey{Slug: &slug}, from, to)
		refused := (*problem.Problem)(nil)
		switch {
		case err != nil && r.Context().Err() != nil:
			return // nobody is there any more
		case errors.As(err, &refused):
			refuse(w, r, http.StatusBadRequest, "INVALID_INPUT", "to is no earlier than from, and at most 24 months are possible together.")
		case err != nil:
			answerError(ctx, w, log, "quality figures failed", err, func(status int) {
				if status == http.StatusServiceUnavailable {
					refuse(w, r, status, "UNAVAILABLE", "The service can't answer just now. Please try again in a moment.")
					return
				}
				refuse(w, r, status, "INTERNAL", "Something went wrong on our side. It has been noted.")
			})
		case figures == nil:
			refuse(w, r, http.StatusNotFound, "NOT_FOUND", "There is no such town here.")
		default:
			writeQuality(w, r, figures)
		}
	}
}

// qualitySpan reads the days of a query; without them they are those of the last twelve months.
func qualitySpan(raw string, now time.Time) (from, to schedule.Date, ok bool) {
	query, err := url.ParseQuery(raw)
	if err != nil { // what is left of it would mean something else
		return from, to, false
	}
	to = schedule.DateOf(now, now.Location())
	from = schedule.DateOf(now.AddDate(-1, 1, 1-now.Day()), now.Location())
	for name, day := range map[string]*schedule.Date{"from": &from, "to": &to} {
		if !query.Has(name) {
			continue
		}
		if *day, err = schedule.ParseDate(query.Get(name)); err != nil {
			return from, to, false
		}
	}
	return from, to, true
}

// writeQuality writes figures as CSV. What is in it are numbers, dates and slugs of services, none of which a spreadsheet takes for a
// formula.
func writeQuality(w http.ResponseWriter, r *http.Request, figures []*portal.ServiceQuality) {
	var body bytes.Buffer
	out := csv.NewWriter(&body)
	out.UseCRLF = true
	for i, q := range figures {
		columns := qualityColumns(q)
		if i == 0 {
			_ = out.Write(cells(columns, func(c column) string { return c.name })) // a buffer takes everything
		}
		_ = out.Write(cells(columns, func(c column) string { return c.text }))
	}
	out.Flush()
	sum := sha256.Sum256(body.Bytes())
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	header := w.Header()
	header.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(portal.QualityAge/time.Second)))
	header.Set("ETag", tag)
	if matches(r.Header["If-None-Match"], tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if !room(w, r, body.Len()) {
		return
	}
	header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	header.Set("Content-Disposition", `inline; filename="quality.csv"`)
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body.Bytes()) // a client that went away is no concern of ours
	}
}

// column is a cell and what stands above it.
type column struct{ name, text string }

func cells(columns []column, of func(column) string) []string {
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = of(c)
	}
	return row
}

// qualityColumns are the cells of a row; a figure that isn't shown is an empty one.
func qualityColumns(q *portal.ServiceQuality) []column {
	service := ""
	if q.Service != nil {
		service = q.Service.Slug
	}
	columns := []column{
		{"month", q.Month.String()[:len("2006-01")]}, {"service", service}, {"visits", whole(q.Visits)}, {"page_views", whole(q.PageViews)},
	}
	for _, p := range q.Pages {
		columns = append(columns, column{"page_views_" + strings.ToLower(p.Page), whole(p.Views)})
	}
	columns = append(columns, column{"begun", whole(q.Begun)}, column{"submitted", whole(q.Submitted)})
	for _, a := range q.Abandoned {
		columns = append(columns, column{"abandoned_" + strings.ToLower(a.Step), whole(a.Count)})
	}
	columns = append(columns, column{"refused", whole(q.Refused)}, column{"booked", whole(q.Booked)}, column{"mean_processing_days", ""})
	if q.MeanProcessingDays != nil {
		columns[len(columns)-1].text = decimal(*q.MeanProcessingDays)
	}
	count, mean, ratings := "", "", make([]string, 5)
	if s := q.Satisfaction; s != nil {
		count, mean = strconv.Itoa(s.Count), decimal(s.Mean)
		for i, r := range s.Ratings {
			ratings[i] = whole(r.Count)
		}
	}
	columns = append(columns, column{"satisfaction_count", count}, column{"satisfaction_mean", mean})
	for i, text := range ratings {
		columns = append(columns, column{"satisfaction_" + strconv.Itoa(i+1), text})
	}
	return append(columns, column{"suppressed", strconv.FormatBool(q.Suppressed)})
}

// whole is a figure as text; empty for nil.
func whole(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// decimal is a mean as text, to two places.
func decimal(mean float64) string { return strconv.FormatFloat(mean, 'f', 2, 64) }
