package webhook

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const shared = "the-secret-that-both-of-us-know"

func TestTheSignatureIsOverTimestampAndBody(t *testing.T) {
	t.Parallel()
	now := time.Unix(1795417200, 0)
	body := []byte(`{"id":"delivery_1"}`)
	header := Sign(now, body, shared, "another")
	mac := hmac.New(sha512.New, []byte(shared))
	mac.Write([]byte(`1795417200.{"id":"delivery_1"}`))
	first, second, _ := strings.Cut(header.Get(SignatureHeader), ",")
	require.Equal(t, hex.EncodeToString(mac.Sum(nil)), first)
	require.Len(t, second, 128)

	require.NoError(t, Verify(shared, header, body, now.Add(5*time.Minute)))
	require.NoError(t, Verify("another", header, body, now))
	require.ErrorIs(t, Verify(shared, header, body, now.Add(6*time.Minute)), ErrSignature)
	require.ErrorIs(t, Verify(shared, header, append(body, ' '), now), ErrSignature)
	require.ErrorIs(t, Verify(shared, http.Header{}, body, now), ErrSignature)
	header.Set(TimestampHeader, "1795417201")
	require.ErrorIs(t, Verify(shared, header, body, now), ErrSignature)
}

func TestOnlyPublicAddressesArePublic(t *testing.T) {
	t.Parallel()
	for _, ip := range []string{
		"0.0.0.0", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "3fff::1", "4000::1",
	} {
		require.False(t, Public(netip.MustParseAddr(ip)), ip)
	}
	for _, ip := range []string{"8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2a00:1450:4001:82a::200e", "2606:4700::1111"} {
		require.True(t, Public(netip.MustParseAddr(ip)), ip)
	}
}

func TestAttemptsEndTwoDaysAfterTheFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		begun := time.Unix(1795417200, 0)
		now, attempts, random := begun, 1, rapid.Float64Range(0, 1)
		for {
			next, more := Next(begun, now, attempts, random.Draw(t, "random"))
			if !more {
				break
			}
			if !next.After(now) || next.Sub(now) > 6*time.Hour {
				t.Fatalf("attempt %d: from %s to %s", attempts, now, next)
			}
			now, attempts = next, attempts+1
		}
		if now.Sub(begun) != 48*time.Hour || attempts < 15 || attempts > 25 {
			t.Fatalf("%d attempts in %s", attempts, now.Sub(begun))
		}
	})
}

func TestASealedSecretOpensInItsPlaceAlone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	seal, err := OpenSeal(file, func() string { return strings.Repeat("k", 40) })
	require.NoError(t, err)
	again, err := OpenSeal(file, func() string { return strings.Repeat("x", 40) })
	require.NoError(t, err)
	other, err := NewSeal(strings.Repeat("o", 32))
	require.NoError(t, err)
	closed := seal.Close(shared, "webhook_1")
	opened, ok := again.Open(closed, "webhook_1")
	require.True(t, ok)
	require.Equal(t, shared, opened)
	_, ok = seal.Open(closed, "webhook_2")
	require.False(t, ok)
	_, ok = other.Open(closed, "webhook_1")
	require.False(t, ok)
	_, err = NewSeal("short")
	require.Error(t, err)
}

// The samples of docs/webhooks.md are what receivers copy: they prove what is signed here, and nothing else.
func TestTheSamplesForReceiversWork(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "webhooks.md"))
	require.NoError(t, err)
	sample := func(language string) string {
		_, after, found := strings.Cut(string(page), "```"+language+"\n")
		require.True(t, found)
		code, _, _ := strings.Cut(after, "```")
		return code
	}
	now := time.Now()
	body := []byte(`{"id":"delivery_1"}`)
	header := Sign(now, body, "another", shared)
	arguments, err := json.Marshal([]string{header.Get(TimestampHeader), header.Get(SignatureHeader), string(body)})
	require.NoError(t, err)
	for language, run := range map[string]func(folder string) *exec.Cmd{
		"go": func(folder string) *exec.Cmd {
			program := `package main
import ("crypto/hmac"; "crypto/sha512"; "encoding/hex"; "encoding/json"; "fmt"; "os"; "strconv"; "strings"; "time")
` + sample("go") + `
func main() {
	var a []string
	_ = json.Unmarshal([]byte(os.Args[1]), &a)
	fmt.Print(proved("` + shared + `", a[0], a[1], []byte(a[2]), time.Now()), proved("wrong", a[0], a[1], []byte(a[2]), time.Now()), proved("` + shared + `", a[0], a[1], []byte(a[2]), time.Now().Add(time.Hour)))
}`
			require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte(program), 0o600))
			return exec.CommandContext(t.Context(), "go", "run", filepath.Join(folder, "main.go"), string(arguments))
		},
		"js": func(folder string) *exec.Cmd {
			program := sample("js") + `
const a = JSON.parse(process.argv[2])
process.stdout.write([proved('` + shared + `', a[0], a[1], a[2]), proved('wrong', a[0], a[1], a[2]), proved('` + shared + `', a[0], a[1], a[2], Date.now() + 3600e3)].join(' '))`
			require.NoError(t, os.WriteFile(filepath.Join(folder, "main.js"), []byte(program), 0o600))
			return exec.CommandContext(t.Context(), "node", filepath.Join(folder, "main.js"), string(arguments))
		},
	} {
		if _, err := exec.LookPath(map[string]string{"go": "go", "js": "node"}[language]); err != nil && os.Getenv("CI") == "" {
			t.Logf("%s isn't here", language)
			continue
		}
		out, err := run(t.TempDir()).CombinedOutput()
		require.NoError(t, err, string(out))
		require.Equal(t, "true false false", string(out), language)
	}
}
