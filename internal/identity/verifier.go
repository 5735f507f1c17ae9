package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"nelke/internal/normal"
)

var (
	// ErrTokenInvalid is the error of every token that proves nothing: malformed, expired, not yet valid, for another
	// audience, of another issuer, signed by an unknown key. The text says which, for a log and not for the caller.
	ErrTokenInvalid = errors.New("token is invalid")
	// ErrIdentityUnavailable is the error when the issuer's keys can't be had, so that a token could be neither
	// trusted nor refused. Trying again later may help.
	ErrIdentityUnavailable = errors.New("issuer of tokens is unavailable")
)

// DefaultRolesClaim is where roles are looked for in a token unless a Config says otherwise.
const DefaultRolesClaim = "nelke_roles"

// maxTokenLength is far above what an issuer sends, and bounds what a stranger can make us parse.
const maxTokenLength = 16 << 10

// algorithms are the signatures that a verifier takes. All are asymmetric: "none" proves nothing, and taking HS256
// would let anybody sign with the public key as the secret (RFC 8725, section 2.1).
//
//nolint:gochecknoglobals // a list, never changed
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// Config is what a Verifier must know about the issuer of staff tokens.
type Config struct {
	// Issuer is the issuer's URL exactly as its tokens name it. Empty: staff tokens are refused, case keys still work.
	Issuer string
	// Audience must be among those of a token.
	Audience string
	// KeysURL is where the issuer's JSON Web Key Set is. Empty: discovery asks the issuer (OpenID Connect Discovery 1.0).
	KeysURL string
	// RolesClaim is the claim with the list of "ROLE@ARS", or a dotted path to it such as "realm_access.roles".
	// Default DefaultRolesClaim.
	RolesClaim string
	// Leeway is how far the issuer's clock may be from ours. Default 30 s.
	Leeway time.Duration
	// Timeout bounds every fetch from the issuer. Default 3 s.
	Timeout time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Client fetches from the issuer. Default: a client of its own.
	Client *http.Client
}

// Verifier turns tokens into actors. It is safe for concurrent use, and first asks the issuer when the first staff token
// comes. Wait for it in the end.
type Verifier struct {
	config  Config
	keys    *keyring
	ignored atomic.Int64
}

// Wait returns when no keys are fetched any more. Call it when no tokens come any more.
func (v *Verifier) Wait() { v.keys.renewing.Wait() }

// NewVerifier makes a verifier. It asks nobody anything, so an issuer that is down doesn't matter yet.
func NewVerifier(config Config) *Verifier {
	if config.RolesClaim == "" {
		config.RolesClaim = DefaultRolesClaim
	}
	if config.Leeway == 0 {
		config.Leeway = 30 * time.Second
	}
	if config.Timeout == 0 {
		config.Timeout = 3 * time.Second
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Client == nil {
		config.Client = &http.Client{}
	}
	return &Verifier{config: config, keys: newKeyring(config)}
}

// IgnoredRoles returns the number of entries of role claims so far that weren't "ROLE@ARS". It grows where RolesClaim names
// another claim than that of the roles.
func (v *Verifier) IgnoredRoles() int64 { return v.ignored.Load() }

// Actor is who sent this Authorization header, scheme included. An empty header is anonymous, 43 characters of
// base64url are a case key, with nelke_partner_ before them a partner's key, and anything with two dots is a token of the
// issuer.
//
// Errors: ErrTokenInvalid, ErrIdentityUnavailable.
func (v *Verifier) Actor(ctx context.Context, authorization string) (Actor, error) {
	if authorization == "" {
		return Actor{}, nil
	}
	token, err := bearer(authorization)
	if err != nil {
		return Actor{}, err
	}
	if ValidCaseKey(token) {
		return Actor{Kind: CaseHolder, CaseKeyHash: HashCaseKey(token)}, nil
	}
	if ValidPartnerKey(token) {
		return Actor{Kind: Partner, PartnerKeyHash: HashPartnerKey(token)}, nil
	}
	if strings.Count(token, ".") != 2 {
		return Actor{}, fmt.Errorf("%w: neither a case key, a partner's key nor a JWT", ErrTokenInvalid)
	}
	return v.staff(ctx, token)
}

// bearer cuts the token out of the header. The scheme's case doesn't matter (RFC 9110, section 11.1).
func bearer(authorization string) (string, error) {
	scheme, token, _ := strings.Cut(authorization, " ")
	token = strings.TrimLeft(token, " ")
	switch {
	case !strings.EqualFold(scheme, "Bearer"):
		return "", fmt.Errorf("%w: not a bearer token", ErrTokenInvalid)
	case token == "" || len(token) > maxTokenLength || strings.ContainsAny(token, " ,\t\r\n"):
		return "", fmt.Errorf("%w: not one token", ErrTokenInvalid)
	}
	return token, nil
}

// staff verifies a token of the issuer. The keys are fetched before the verification, so that whatever fails
// afterwards is the token's fault.
func (v *Verifier) staff(ctx context.Context, token string) (Actor, error) {
	if v.config.Issuer == "" {
		return Actor{}, fmt.Errorf("%w: no issuer is configured", ErrTokenInvalid)
	}
	parsed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return Actor{}, fmt.Errorf("%w: %w", ErrTokenInvalid, err)
	}
	keys, err := v.keys.find(ctx, parsed.Signatures[0].Header.KeyID)
	if err != nil {
		return Actor{}, err
	}
	verified, err := oidc.NewVerifier(v.config.Issuer, &oidc.StaticKeySet{PublicKeys: keys}, &oidc.Config{
		ClientID:             v.config.Audience,
		SupportedSigningAlgs: algorithmNames(),
		SkipExpiryCheck:      true, // checked below, with one leeway for all three times
	}).Verify(ctx, token)
	if err != nil {
		return Actor{}, fmt.Errorf("%w: %w", ErrTokenInvalid, err)
	}
	var c claims
	if err := verified.Claims(&c); err != nil {
		return Actor{}, fmt.Errorf("%w: %w", ErrTokenInvalid, err)
	}
	if err := c.validAt(v.config.Now(), v.config.Leeway); err != nil {
		return Actor{}, fmt.Errorf("%w: %w", ErrTokenInvalid, err)
	}
	name, ok := normal.Line(c.name)
	if !ok {
		name = "" // others read it, so it holds nothing that misleads them
	}
	roles, ignored := parseRoles(c.all, v.config.RolesClaim)
	v.ignored.Add(int64(ignored))
	return Actor{
		Kind:      Staff,
		Subject:   v.config.Issuer + "|" + c.subject,
		Name:      name,
		Roles:     roles,
		ExpiresAt: c.expires.Add(v.config.Leeway),
	}, nil
}

func algorithmNames() []string {
	names := make([]string, len(algorithms))
	for i, algorithm := range algorithms {
		names[i] = string(algorithm)
	}
	return names
}
