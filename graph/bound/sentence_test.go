package bound

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
)

func TestSentences(t *testing.T) {
	t.Parallel()
	one, list := ast.NamedType("String", nil), ast.ListType(ast.NamedType("String", nil), nil)
	pattern := regexp.MustCompile(`^` + Pattern + `$`)
	for place, c := range map[string]struct {
		typ      *ast.Type
		enum     bool
		sentence string
	}{
		"PersonInput.givenName":       {one, false, "At most 100 characters."},
		"PublicServiceFilter.kinds":   {list, false, "At most 500 entries of 200 characters."},
		"AvailabilityInput.concerns":  {list, false, "At most 10 entries."},
		"Query.changes(types)":        {list, true, "At most 50 entries."},
		"BookAppointmentInput.person": {one, false, ""},
	} {
		require.Equal(t, c.sentence, OfPlace(place, c.typ, c.enum), place)
		if c.sentence != "" {
			require.Regexp(t, pattern, " "+c.sentence)
		}
	}
	for name := range Scalars() {
		require.Regexp(t, pattern, " "+OfScalar(name))
	}
	require.Regexp(t, pattern, " "+OfScalar("JSON"))
	require.Empty(t, OfScalar("Boolean"))
}

func TestADescriptionMayStateItsBoundByItself(t *testing.T) {
	t.Parallel()
	require.True(t, States("Given names, 1 to 100 characters.", "At most 100 characters."))
	require.True(t, States("1 to 10 concerns.", "At most 10 entries."))
	require.False(t, States("Given names, 1 to 1000 characters.", "At most 100 characters."))
	require.False(t, States("Within 100 days.", "At most 100 characters."))
	require.False(t, States("At most 500 entries.", "At most 500 entries of 50 characters."))
}
