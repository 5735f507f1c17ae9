package server

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"
)

// pingPatience is how long the database may take to say that it is there.
const pingPatience = 2 * time.Second

// health tells those who watch over the process how it is.
type health struct {
	parts    *parts
	stopping *atomic.Bool
	issuer   string // how staff tokens are checked
}

// livez says that the process answers, and nothing about what it depends on: restarting it would not help those.
func (health) livez(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "live"})
}

// readyz says whether requests should be sent here. A Redis that isn't heard makes the service slower, not unready.
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
		}
	}
	if !h.parts.cfg.Sweepers {
		answer.Parts["jobs"] = "on, without sweepers"
	}
	ctx, cancel := context.WithTimeout(r.Context(), pingPatience)
	defer cancel()
	switch {
	case h.stopping.Load():
		answer.Status, answer.Parts["database"] = "stopping", "not asked"
	case h.parts.store.ReadDB().PingContext(ctx) != nil: // SQLite's one writer may be busy for a while, and is well
		answer.Status, answer.Parts["database"] = "unready", "not reached"
	}
	status := http.StatusOK
	if answer.Status != "ready" {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", retryAfter)
	}
	writeJSON(w, status, answer)
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
