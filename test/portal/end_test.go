package portal_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/catalogue"
	"nelke/test/suite"
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

// Looking for a text in the catalogue ends with its context, wherever it is.
func TestASearchOfTheCatalogueEndsWithItsContext(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		n := newNight(t, b)
		text := "Personalausweis Bescheinigung"
		ask := func(ctx context.Context) (*catalogue.ServiceConnection, error) {
			return n.portal.PublicServices(ctx, catalogue.Page{}, &catalogue.PublicServiceFilter{Text: &text}, "de")
		}
		found, err := ask(t.Context()) // what the others find in memory
		require.NoError(t, err)
		require.NotEmpty(t, found.Nodes)

		whole := &ending{Context: t.Context(), after: 1 << 30}
		_, err = ask(whole)
		require.NoError(t, err)
		require.Greater(t, whole.looks, len(found.Nodes), "at each thing at least")
		for _, cause := range []error{context.DeadlineExceeded, context.Canceled} {
			for after := range whole.looks {
				_, err := ask(&ending{Context: t.Context(), after: after, err: cause})
				require.ErrorIs(t, err, cause, "after %d of %d looks", after, whole.looks)
			}
		}
	})
}
