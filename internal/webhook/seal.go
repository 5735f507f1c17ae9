package webhook

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// SealKeyLength is the least length of what a Seal's key is made of, in bytes.
const SealKeyLength = 32

// Seal keeps secrets in a form that whoever reads the database alone can't use: AES-256-GCM under a key that isn't there.
type Seal struct {
	aead   cipher.AEAD
	digest []byte
}

// NewSeal makes a Seal of a secret text.
func NewSeal(text string) (*Seal, error) {
	if len(text) < SealKeyLength {
		return nil, fmt.Errorf("webhook.NewSeal: %d characters at least", SealKeyLength)
	}
	key, err := hkdf.Key(sha256.New, []byte(text), nil, "nelke webhook secrets", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("webhook.NewSeal: %w", err)
	}
	digest, err := hkdf.Key(sha256.New, []byte(text), nil, "nelke webhook digests", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("webhook.NewSeal: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("webhook.NewSeal: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("webhook.NewSeal: %w", err)
	}
	return &Seal{aead, digest}, nil
}

// OpenSeal makes a Seal of the text in a file, which it writes (mode 0600) if there is none yet.
func OpenSeal(file string, random func() string) (*Seal, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err = create(file, random()); err == nil {
			text, err = os.ReadFile(file)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("webhook.OpenSeal: %w", err)
	}
	return NewSeal(strings.TrimSpace(string(text)))
}

// create writes a file whole, unless somebody was quicker.
func create(file, text string) error {
	whole, err := os.CreateTemp(filepath.Dir(file), "webhook-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(whole.Name()) }()
	_, err = whole.WriteString(text + "\n")
	if err = errors.Join(err, whole.Close()); err != nil {
		return err
	}
	if err := os.Link(whole.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Close seals a secret for one owner: nobody else's place opens it.
func (s *Seal) Close(secret, owner string) string {
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, []byte(secret), []byte(owner)))
}

// Digest stands for a secret where only equality matters: who reads the database alone can't try guesses at it.
func (s *Seal) Digest(secret string) string {
	mac := hmac.New(sha256.New, s.digest)
	_, _ = mac.Write([]byte(secret)) // a hash takes everything
	return hex.EncodeToString(mac.Sum(nil))
}

// Open returns a sealed secret of an owner; false where it isn't one, or was sealed under another key.
func (s *Seal) Open(sealed, owner string) (string, bool) {
	b, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return "", false
	}
	secret, err := s.aead.Open(nil, nil, b, []byte(owner))
	return string(secret), err == nil
}
