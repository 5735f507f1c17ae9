package faults

import (
	"slices"
	"strings"
	"sync"
	"syscall"

	modernc "modernc.org/sqlite"
)

// death is the row at whose writing a child on SQLite kills itself: nobody stands between a process and its own file, as
// the proxy does on PostgreSQL.
type death struct {
	Marker string // part of a text of the row; empty: none is deadly
	// After: it dies at the first write of the process that follows the commit of the row, not at the row itself.
	After bool
}

// lurk has the connections that are opened from now on watch what they write.
func (d death) lurk() {
	if d.Marker == "" {
		return
	}
	var mu sync.Mutex
	committed := false
	modernc.RegisterConnectionHook(func(conn modernc.ExecQuerierContext, _ string) error {
		hooks := conn.(modernc.HookRegisterer)
		found := false // in the transaction that is open
		hooks.RegisterPreUpdateHook(func(row modernc.SQLitePreUpdateData) {
			mu.Lock()
			defer mu.Unlock()
			// Whoever writes has the file's lock: a commit that was begun has ended.
			if committed {
				die()
			}
			if !d.in(row) {
				return
			}
			if !d.After {
				die()
			}
			found = true
		})
		hooks.RegisterCommitHook(func() int32 {
			mu.Lock()
			defer mu.Unlock()
			committed = committed || found
			return 0
		})
		hooks.RegisterRollbackHook(func() { found = false })
		return nil
	})
}

// in reports whether a row that is written has the marker.
func (d death) in(row modernc.SQLitePreUpdateData) bool {
	values := make([]any, row.Count())
	if row.New(values...) != nil { // it is deleted
		return false
	}
	return slices.ContainsFunc(values, func(v any) bool {
		text, ok := v.(string)
		return ok && strings.Contains(text, d.Marker)
	})
}

// die is as sudden as any other SIGKILL.
func die() {
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	select {}
}
