// Package server is the service as a whole: it opens what the configuration names, wires it, listens, answers, drains
// and closes. What a request means is decided below, in graph and internal/portal.
//
// Run is the service. Migrate, Import, Audit and Token are what else the program can do.
package server
