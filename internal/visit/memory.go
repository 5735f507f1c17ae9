package visit

import (
	"crypto/rand"
	"maps"
	"sync"
	"time"
)

const (
	saltBytes = 32
	// mostMarks is how many marks a day may have in one process. Beyond it no visitor is new.
	mostMarks = 1_000_000
)

// memory has the days of this process.
type memory struct {
	now func() time.Time

	mu   sync.Mutex
	days map[string]*day
}

type day struct {
	salt  []byte
	sets  map[string]map[Mark]struct{}
	marks int
}

func newMemory(now func() time.Time) *memory { return &memory{now: now, days: map[string]*day{}} }

// forget drops the days that are over, with their salts.
func (m *memory) forget() {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.days, func(name string, _ *day) bool { return !now.Before(over(name)) })
}

// of returns a day, made anew if it is new.
func (m *memory) of(name string) *day {
	d := m.days[name]
	if d == nil {
		d = &day{salt: newSalt(), sets: map[string]map[Mark]struct{}{}}
		m.days[name] = d
	}
	return d
}

func newSalt() []byte {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // it has no errors
	return salt
}

func (m *memory) salt(name string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.of(name).salt
}

func (m *memory) add(name, set string, marks []Mark) (news int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.of(name)
	if d.sets[set] == nil {
		d.sets[set] = map[Mark]struct{}{}
	}
	for _, mark := range marks {
		if _, there := d.sets[set][mark]; there || d.marks >= mostMarks {
			continue
		}
		d.sets[set][mark] = struct{}{}
		d.marks++
		news++
	}
	return news
}
