package search_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/search"
)

// ending is a context that ends when it has been looked at so many times.
type ending struct {
	context.Context
	after, looks int
	err          error
}

func (e *ending) Err() error {
	if e.looks++; e.looks > e.after {
		return e.err
	}
	return nil
}

// A search whose deadline is over, or whose caller has hung up, ends at the next look and returns nothing.
func TestASearchThatNobodyWaitsForEnds(t *testing.T) {
	t.Parallel()
	x := search.New()
	for n := range 2000 {
		x.Add(search.Text{Text: fmt.Sprintf("Bescheinigung%04d", n), Language: "de", Weight: search.Name})
	}
	const query = "Bescheinigung0007 Bescheinigung1234 Wohnsitzbestätigung"
	whole := &ending{Context: t.Context(), after: 1 << 30}
	scores, err := x.Find(whole, query, "de")
	require.NoError(t, err)
	require.NotEmpty(t, scores)
	require.Equal(t, 3*8+2000, whole.looks, "between 256 words of each typed word, and between things")

	for _, cause := range []error{context.DeadlineExceeded, context.Canceled} {
		for _, after := range []int{0, 1, 10, 20, whole.looks / 2, whole.looks - 1} {
			e := &ending{Context: t.Context(), after: after, err: cause}
			scores, err := x.Find(e, query, "de")
			require.ErrorIs(t, err, cause, "after %d looks", after)
			require.Nil(t, scores)
			require.LessOrEqual(t, e.looks, after+2, "it goes on")
		}
	}
}
