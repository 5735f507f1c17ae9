package identity

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestActorRoles(t *testing.T) {
	t.Parallel()
	anna := Actor{Kind: Staff, Roles: map[string][]Role{blomberg: {Supervisor}}}
	require.True(t, anna.Has(blomberg, Clerk), "a higher role includes the lower")
	require.True(t, anna.Has(blomberg, Supervisor))
	require.False(t, anna.Has(blomberg, Admin))
	require.False(t, anna.Has(lage, Clerk), "another town")
	require.False(t, anna.Has(blomberg, 0), "the zero role is nobody's")
	require.False(t, Actor{Roles: anna.Roles}.Has(blomberg, Clerk), "not staff")
	require.False(t, Actor{}.Has(blomberg, Clerk))
}

func TestActorTravelsInContext(t *testing.T) {
	t.Parallel()
	require.Equal(t, Actor{}, FromContext(t.Context()))
	anna := Actor{Kind: Staff, Subject: "https://issuer|anna"}
	require.Equal(t, anna, FromContext(WithActor(t.Context(), anna)))
}

func TestActorScope(t *testing.T) {
	t.Parallel()
	require.Equal(t, "anonymous", Actor{}.Scope())
	require.Equal(t, "case:abc", Actor{Kind: CaseHolder, CaseKeyHash: "abc"}.Scope())
	require.Equal(t, "staff:https://issuer|anna", Actor{Kind: Staff, Subject: "https://issuer|anna"}.Scope())
}
