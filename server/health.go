package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"
)

// pingPatience is how long the database may take to say that it is there.
const pingPatience = 2 * time.Second

// health answers the probes of those who watch over the process.
type health struct {
	parts    *parts
	stopping *atomic.Bool
	issuer   string // how staff tokens are checked
}

func (h health) handle(mux *http.ServeMux) {
	mux.HandleFunc("GET /livez", h.livez)
	mux.HandleFunc("GET /readyz", h.readyz)
	mux.HandleFunc("GET /version", h.version)
}

// livez says that the process answers, and nothing about what it depends on: restarting it would not help those.
func (health) livez(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "live"})
}

// readyz reports whether requests should be sent here: whether the database answers, takes writes, and has this program's
// schema, and whether its clock is near enough. A Redis that isn't heard, or takes no writes, makes the service slower, not
// unready.
func (h health) readyz(w http.ResponseWriter, r *http.Request) {
	answer := struct {
		Status string            `json:"status"`
		Parts  map[string]string `json:"parts"`
	}{"ready", map[string]string{
		"database": "reached", "redis": "absent", "issuer": h.issuer, "jobs": "on", "payments": h.parts.payments.state, "mail": "off", "webhooks": "off",
	}}
	if h.parts.webhooks != nil {
		answer.Parts["webhooks"] = "on"
	}
	if h.parts.relay != nil {
		answer.Parts["redis"] = "not heard"
		if h.parts.relay.Heard() {
			answer.Parts["redis"] = "heard"
			if !h.parts.relay.Takes() {
				answer.Parts["redis"] = "heard, takes no writes"
			}
		}
	}
	if skew := h.parts.store.Skew().Round(time.Millisecond); h.parts.cfg.DatabaseURL != "" {
		answer.Parts["clock"] = fmt.Sprintf("database ahead by %s", skew)
	}
	if !h.parts.cfg.Sweepers {
		answer.Parts["jobs"] = "on, without sweepers"
	}
	ctx, cancel := context.WithTimeout(r.Context(), pingPatience)
	defer cancel()
	if h.stopping.Load() {
		answer.Status, answer.Parts["database"] = "stopping", "not asked"
	} else if fault := h.database(ctx); fault != "" {
		answer.Status, answer.Parts["database"] = "unready", fault
	}
	status := http.StatusOK
	if answer.Status != "ready" {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", retryAfter)
	}
	writeJSON(w, status, answer)
}

// database says in which way it can't be worked with; empty: it can.
func (h health) database(ctx context.Context) string {
	s := h.parts.store
	if s.ReadDB().PingContext(ctx) != nil { // SQLite's one writer may be busy for a while, and is well
		return "not reached"
	}
	if err := s.Writable(ctx); err != nil {
		h.parts.log.WarnContext(ctx, "not ready", "error", err)
		return "takes no writes"
	}
	if err := s.Fits(); err != nil {
		h.parts.log.WarnContext(ctx, "not ready", "error", err)
		return "of another version"
	}
	if h.parts.clocksApart() {
		return "clock too far away"
	}
	return ""
}

func (h health) version(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"version": h.parts.cfg.version(), "go": runtime.Version()})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a client that went away is no concern of ours
}
