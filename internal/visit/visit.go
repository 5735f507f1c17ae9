// Package visit counts page views, and visits: how many different visitors a page had on a day. Of a visitor
// it keeps a salted hash for as long as the day lasts, and the salt is deleted with the day; what leaves the package are numbers.
package visit

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"sync"
	"time"
)

// Cell is what is counted together.
type Cell struct {
	Municipality string // id
	Service      string // id; empty: of no service
	Page         string // a word for the kind of page
}

// Count is what was counted in a cell on a day.
type Count struct {
	Cell
	Day    string // local date of the town, 2006-01-02
	Views  int
	Visits int // visitors who had not been seen in the cell on that day before
}

// Mark stands for a visitor on one day. Without the day's salt nobody can be found by it.
type Mark [16]byte

// Days are the salts and the marks of days, those of the present one and the ones beside it.
type Days interface {
	// Salt returns the salt of a day, the same for all who count together.
	Salt(ctx context.Context, day string) ([]byte, error)
	// Add adds marks to a set of a day and returns how many of them are new there.
	Add(ctx context.Context, day, set string, marks []Mark) (int, error)
	// Forget drops what is kept here of days that are over.
	Forget()
}

// most is how many marks wait to be added. Beyond it views are counted and visitors are not, so that nobody fills the memory with
// visitors whom they made up.
const most = 100_000

// Counter counts in memory until Flush. What a process has counted and not flushed is lost with it. It is safe for concurrent use.
type Counter struct {
	shared Days // nil: none
	own    *memory

	mu      sync.Mutex
	pending map[key]*tally
	marks   int
}

type key struct {
	day string
	Cell
}

type tally struct {
	views  int
	visits int // of counts that came back
	marks  map[Mark]struct{}
}

// NewCounter makes a Counter. shared has the days of all processes together; nil: this process counts for itself. It does so too
// while shared doesn't answer: a visitor may then be counted once more. now is the clock by which days end.
func NewCounter(shared Days, now func() time.Time) *Counter {
	return &Counter{shared: shared, own: newMemory(now), pending: map[key]*tally{}}
}

// over returns when nothing of a day is needed any more: it has ended then in every zone of Europe.
func over(day string) time.Time {
	date, _ := time.Parse(time.DateOnly, day) // what is no date was over long ago
	return date.Add(26 * time.Hour)
}

// patience is how long shared days may take to answer: for the salt, once a day and process, and for the marks, in a job.
const patience = time.Second

// View counts one view in each cell. A visitor is a network and an agent; neither is kept.
func (c *Counter) View(ctx context.Context, day, network, agent string, cells ...Cell) {
	mark := markOf(c.salt(ctx, day), network, agent)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cell := range cells {
		t := c.tally(key{day, cell})
		t.views++
		if _, there := t.marks[mark]; !there && c.marks < most {
			t.marks[mark] = struct{}{}
			c.marks++
		}
	}
}

// Event counts something in a cell without a visitor.
func (c *Counter) Event(day string, cell Cell) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally(key{day, cell}).views++
}

func (c *Counter) tally(k key) *tally {
	t := c.pending[k]
	if t == nil {
		t = &tally{marks: map[Mark]struct{}{}}
		c.pending[k] = t
	}
	return t
}

// Flush returns what was counted since the last one, by day and cell, for its caller to write down.
func (c *Counter) Flush(ctx context.Context) []Count {
	c.mu.Lock()
	pending := c.pending
	c.pending, c.marks = map[key]*tally{}, 0
	c.mu.Unlock()
	c.own.forget()
	if c.shared != nil {
		c.shared.Forget()
	}
	counts := make([]Count, 0, len(pending))
	for k, t := range pending {
		marks := make([]Mark, 0, len(t.marks))
		for mark := range t.marks {
			marks = append(marks, mark)
		}
		visits := t.visits
		if len(marks) > 0 {
			visits += c.add(ctx, k, marks)
		}
		counts = append(counts, Count{Cell: k.Cell, Day: k.day, Views: t.views, Visits: visits})
	}
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Municipality, b.Municipality), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Page, b.Page))
	})
	return counts
}

// Restore takes counts back that could not be written down: the next Flush has them again.
func (c *Counter) Restore(counts []Count) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range counts {
		t := c.tally(key{n.Day, n.Cell})
		t.views += n.Views
		t.visits += n.Visits
	}
}

func (c *Counter) salt(ctx context.Context, day string) []byte {
	if c.shared != nil {
		patient, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if salt, err := c.shared.Salt(patient, day); err == nil {
			return salt
		}
	}
	return c.own.salt(day)
}

func (c *Counter) add(ctx context.Context, k key, marks []Mark) int {
	set := k.Municipality + " " + k.Service + " " + k.Page
	if c.shared != nil {
		patient, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if n, err := c.shared.Add(patient, k.day, set, marks); err == nil {
			return n
		}
	}
	return c.own.add(k.day, set, marks)
}

func markOf(salt []byte, network, agent string) (mark Mark) {
	h := hmac.New(sha256.New, salt)
	h.Write([]byte(network))
	h.Write([]byte{0})
	h.Write([]byte(agent))
	copy(mark[:], h.Sum(nil))
	return mark
}
