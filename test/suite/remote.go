package suite

import "testing"

// Remote is a server that somebody else started and ends: one in a process of its own, say. It has no clerks.
func Remote(t testing.TB, url string) *Process { return &Process{URL: url, t: t} }
