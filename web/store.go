package web

import "sync"

// store keeps values under names, at most so many and so many bytes. A value that has no room empties it. It is safe for concurrent use.
type store[T interface{ size() int }] struct {
	most, mostBytes int

	mu     sync.Mutex
	values map[string]T
	bytes  int
}

func newStore[T interface{ size() int }](most, mostBytes int) *store[T] {
	return &store[T]{most: most, mostBytes: mostBytes, values: map[string]T{}}
}

func (s *store[T]) get(name string) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok := s.values[name]
	return value, ok
}

func (s *store[T]) put(name string, value T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, replaced := s.values[name]
	if replaced {
		s.bytes -= old.size() + len(name)
		delete(s.values, name)
	}
	n := value.size() + len(name)
	if len(s.values) >= s.most || s.bytes+n > s.mostBytes {
		clear(s.values)
		s.bytes = 0
	}
	s.values[name] = value
	s.bytes += n
}
