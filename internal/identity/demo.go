package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// DemoIssuer is a small OpenID issuer inside the process, for demonstrations only: it asks nobody for a password,
// and whoever can read its key file can mint any token.
type DemoIssuer struct {
	url, audience string
	now           func() time.Time
	key           jose.JSONWebKey
}

// OpenDemoIssuer opens the issuer whose key is in the file, and makes the key (ES256, mode 0600) if there is none yet.
// Processes with the same file, URL and audience accept each other's tokens.
//
// The url is what tokens name as their issuer, and under which Handler is served. The audience is that of all its tokens.
func OpenDemoIssuer(file, url, audience string, now func() time.Time) (*DemoIssuer, error) {
	key, err := readDemoKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err = createDemoKey(file); err == nil {
			key, err = readDemoKey(file)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open demo issuer with key %s: %w", file, err)
	}
	return &DemoIssuer{url: url, audience: audience, now: now, key: key}, nil
}

// URL is the issuer's name in its tokens.
func (d *DemoIssuer) URL() string { return d.url }

// Handler serves the discovery document and the key set: "/.well-known/openid-configuration" and "/jwks". Mount it
// under the path of the issuer's URL with http.StripPrefix.
func (d *DemoIssuer) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /.well-known/openid-configuration", jsonHandler(map[string]any{
		"issuer":                                d.url,
		"jwks_uri":                              d.url + "/jwks",
		"response_types_supported":              []string{"id_token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{string(jose.ES256)},
	}))
	mux.Handle("GET /jwks", jsonHandler(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{d.key.Public()}}))
	return mux
}

// Mint makes a token for the subject that is valid for ttl from now. Roles are "ROLE@ARS".
func (d *DemoIssuer) Mint(subject, name string, roles []string, ttl time.Duration) (string, error) {
	for _, role := range roles {
		if _, _, err := parseRole(role); err != nil {
			return "", fmt.Errorf("mint token for %s: %w", subject, err)
		}
	}
	now := d.now()
	token, err := d.sign(map[string]any{
		"iss": d.url, "aud": d.audience, "sub": subject, "name": name, DefaultRolesClaim: roles,
		"iat": jwt.NewNumericDate(now), "exp": jwt.NewNumericDate(now.Add(ttl)),
	})
	if err != nil {
		return "", fmt.Errorf("mint token for %s: %w", subject, err)
	}
	return token, nil
}

func (d *DemoIssuer) sign(claims map[string]any) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: d.key}, nil)
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}

func jsonHandler(value any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value) // a reader that went away is no concern of ours
	})
}

func readDemoKey(file string) (key jose.JSONWebKey, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return key, err
	}
	if err := key.UnmarshalJSON(data); err != nil {
		return key, err
	}
	if _, ok := key.Key.(*ecdsa.PrivateKey); !ok {
		return key, errors.New("not a private EC key")
	}
	return key, nil
}

// createDemoKey writes a new key, unless another process is quicker. A key is written whole and then linked to its
// name, so that nobody reads half a key, and the first link wins.
func createDemoKey(file string) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	encoded, err := private.PublicKey.Bytes()
	if err != nil {
		return err
	}
	id := sha256.Sum256(encoded)
	data, err := jose.JSONWebKey{
		Key: private, KeyID: base64.RawURLEncoding.EncodeToString(id[:]), Algorithm: string(jose.ES256), Use: "sig",
	}.MarshalJSON()
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(data)
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
