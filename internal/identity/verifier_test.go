package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
)

func TestVerifierGoodTokens(t *testing.T) {
	t.Parallel()
	w := setup(t)

	t.Run("none is anonymous", func(t *testing.T) {
		t.Parallel()
		actor, err := w.verifier.Actor(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, Actor{}, actor)
	})
	t.Run("a case key is its hash", func(t *testing.T) {
		t.Parallel()
		// 32 zero bytes; the hash is that of forty-three letters A, by sha256sum.
		actor, err := w.verifier.Actor(t.Context(), "Bearer "+strings.Repeat("A", 43))
		require.NoError(t, err)
		require.Equal(t, Actor{Kind: CaseHolder, CaseKeyHash: "0f007385b6f9d4b7eeb2748605afe1a984a0a3bfa3f014d09e2a784ce9e5cd1a"}, actor)
		actor, err = w.verifier.Actor(t.Context(), "bearer  "+NewCaseKey())
		require.NoError(t, err, "the scheme's case doesn't matter")
		require.Equal(t, CaseHolder, actor.Kind)
		require.NotEqual(t, NewCaseKey(), NewCaseKey())
	})
	t.Run("a staff token is a person with roles", func(t *testing.T) {
		t.Parallel()
		for _, scheme := range []string{"Bearer ", "bearer ", "BEARER "} {
			actor, err := w.verifier.Actor(t.Context(), scheme+strings.TrimPrefix(w.mint(t, w.issuer, time.Hour), "Bearer "))
			require.NoError(t, err)
			require.Equal(t, Actor{
				Kind: Staff, Subject: w.issuer.URL() + "|anna", Name: "Anna Amsel",
				Roles: map[string][]Role{blomberg: {Clerk}}, ExpiresAt: w.Now().Add(time.Hour + 30*time.Second).UTC(),
			}, actor)
		}
	})
	for name, change := range map[string]map[string]any{
		"one of several audiences":     {"aud": []string{"account", "nelke"}},
		"expired within the leeway":    {"exp": w.at.Load() - 29},
		"valid within the leeway":      {"nbf": w.at.Load() + 29, "iat": w.at.Load() + 29},
		"no iat":                       {"iat": nil},
		"preferred_username for names": {"name": nil, "preferred_username": "Anna Amsel"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			actor, err := w.verifier.Actor(t.Context(), w.sign(t, change))
			require.NoError(t, err)
			require.Equal(t, "Anna Amsel", actor.Name)
		})
	}
}

func TestVerifierRefusesBadTokens(t *testing.T) {
	t.Parallel()
	w := setup(t)
	good := w.mint(t, w.issuer, time.Hour)
	parts := strings.Split(strings.TrimPrefix(good, "Bearer "), ".")
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

	// another key that claims to be the issuer's
	otherKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	impostor := *w.issuer
	impostor.key.Key = otherKey
	stranger := w.open(t, filepath.Join(t.TempDir(), "key.json"), w.issuer.URL(), "nelke")

	// the public key as the secret of a symmetric signature
	public, err := x509.MarshalPKIXPublicKey(&w.issuer.key.Key.(*ecdsa.PrivateKey).PublicKey)
	require.NoError(t, err)
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	symmetric, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.HS256, Key: secret},
		(&jose.SignerOptions{}).WithHeader("kid", w.issuer.key.KeyID))
	require.NoError(t, err)
	confused, err := jwt.Signed(symmetric).Claims(map[string]any{
		"iss": w.issuer.URL(), "aud": "nelke", "sub": "anna", "exp": w.at.Load() + 60,
	}).Serialize()
	require.NoError(t, err)

	for name, header := range map[string]string{
		"expired":                       w.sign(t, map[string]any{"exp": w.at.Load() - 30}),
		"without an end":                w.sign(t, map[string]any{"exp": nil}),
		"end is text":                   w.sign(t, map[string]any{"exp": "tomorrow"}),
		"end is beyond all time":        w.sign(t, map[string]any{"exp": 1e300}),
		"not yet valid":                 w.sign(t, map[string]any{"nbf": w.at.Load() + 31}),
		"issued in the future":          w.sign(t, map[string]any{"iat": w.at.Load() + 31}),
		"another audience":              w.sign(t, map[string]any{"aud": "other"}),
		"no audience":                   w.sign(t, map[string]any{"aud": nil}),
		"another issuer":                w.sign(t, map[string]any{"iss": "https://evil.example"}),
		"issuer with a slash more":      w.sign(t, map[string]any{"iss": w.issuer.URL() + "/"}),
		"no subject":                    w.sign(t, map[string]any{"sub": nil}),
		"subject is a number":           w.sign(t, map[string]any{"sub": 7}),
		"another key with the same kid": w.mint(t, &impostor, time.Hour),
		"another key":                   w.mint(t, stranger, time.Hour),
		"alg none":                      "Bearer " + encode(`{"alg":"none"}`) + "." + parts[1] + ".",
		"alg none with a signature":     "Bearer " + encode(`{"alg":"none","kid":"`+w.issuer.key.KeyID+`"}`) + "." + parts[1] + "." + parts[2],
		"HS256 with the public key":     "Bearer " + confused,
		"changed claims":                "Bearer " + parts[0] + "." + encode(`{"iss":"`+w.issuer.URL()+`","aud":"nelke","sub":"root","exp":9999999999}`) + "." + parts[2],
		"truncated":                     good[:len(good)-5],
		"truncated to two parts":        "Bearer " + parts[0] + "." + parts[1],
		"empty parts":                   "Bearer ..",
		"10 kB of garbage":              "Bearer " + strings.Repeat("x.y", 3400),
		"10 kB in three parts":          "Bearer " + strings.Repeat("x", 5000) + "." + strings.Repeat("y", 5000) + ".z",
		"too long":                      "Bearer " + strings.Repeat("x", 20000) + ".y.z",
		"case key too short":            "Bearer " + strings.Repeat("A", 42),
		"case key too long":             "Bearer " + strings.Repeat("A", 44),
		"case key with padding":         "Bearer " + strings.Repeat("A", 43) + "=",
		"case key in other base64":      "Bearer " + strings.Repeat("A", 42) + "+",
		"case key with stray bits":      "Bearer " + strings.Repeat("A", 42) + "B",
		"case key with a line break":    "Bearer " + strings.Repeat("A", 42) + "\n",
		"two bearer schemes":            "Bearer " + strings.Repeat("A", 43) + " Bearer " + strings.Repeat("A", 43),
		"two in a list":                 "Bearer " + strings.Repeat("A", 43) + ", Bearer " + strings.Repeat("A", 43),
		"another scheme":                "Basic " + strings.Repeat("A", 43),
		"no scheme":                     strings.Repeat("A", 43),
		"scheme alone":                  "Bearer",
		"scheme and space":              "Bearer  ",
		"space":                         " ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			actor, err := w.verifier.Actor(t.Context(), header)
			require.ErrorIs(t, err, ErrTokenInvalid)
			require.NotErrorIs(t, err, ErrIdentityUnavailable)
			require.Equal(t, Actor{}, actor)
		})
	}
	t.Run("no issuer is configured", func(t *testing.T) {
		t.Parallel()
		verifier := NewVerifier(Config{})
		_, err := verifier.Actor(t.Context(), good)
		require.ErrorIs(t, err, ErrTokenInvalid)
		_, err = verifier.Actor(t.Context(), "Bearer "+NewCaseKey())
		require.NoError(t, err)
	})
	t.Run("no audience is configured", func(t *testing.T) {
		t.Parallel()
		config := w.config
		config.Audience = ""
		_, err := NewVerifier(config).Actor(t.Context(), good)
		require.ErrorIs(t, err, ErrTokenInvalid)
	})
}

func TestVerifierRoles(t *testing.T) {
	t.Parallel()
	w := setup(t)
	both := map[string][]Role{blomberg: {Clerk, Admin}, lage: {Supervisor}}
	list := []any{"CLERK@" + blomberg, "ADMIN@" + blomberg, "CLERK@" + blomberg, "SUPERVISOR@" + lage}
	for name, test := range map[string]struct {
		path    string
		claims  map[string]any
		want    map[string][]Role
		ignored int64
	}{
		"the usual claim":         {"", map[string]any{"nelke_roles": list}, both, 0},
		"one as text":             {"", map[string]any{"nelke_roles": "CLERK@" + lage}, map[string][]Role{lage: {Clerk}}, 0},
		"a path as Keycloak's":    {"realm_access.roles", map[string]any{"realm_access": map[string]any{"roles": append(list, "offline_access")}}, both, 1},
		"a name with dots":        {"https://nelke.example/roles", map[string]any{"https://nelke.example/roles": list}, both, 0},
		"none":                    {"", nil, map[string][]Role{}, 0},
		"a path that ends early":  {"realm_access.roles", map[string]any{"realm_access": "x"}, map[string][]Role{}, 0},
		"a claim of another type": {"", map[string]any{"nelke_roles": map[string]any{"a": 1}}, map[string][]Role{}, 0},
		"malformed entries": {"", map[string]any{"nelke_roles": []any{
			"CLERK", "clerk@" + blomberg, "CLERK@", "CLERK@05766", "CLERK@05766001601x", "NONE@" + blomberg, "@" + blomberg,
			"CLERK@" + blomberg + "@" + lage, " CLERK@" + blomberg, "", 7, nil, "ADMIN@" + lage,
		}}, map[string][]Role{lage: {Admin}}, 12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := w.config
			config.RolesClaim = test.path
			verifier := NewVerifier(config)
			actor, err := verifier.Actor(t.Context(), w.sign(t, test.claims))
			require.NoError(t, err)
			require.Equal(t, test.want, actor.Roles)
			require.Equal(t, test.ignored, verifier.IgnoredRoles())
		})
	}
}
