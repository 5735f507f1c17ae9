// Package container proves what the Dockerfile and compose.yaml promise, without a container engine.
package container

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const repository = "../.."

// instruction is one of a Dockerfile, its lines joined: RUN, "go build …".
type instruction struct{ name, args string }

// stages reads the Dockerfile: each stage begins with its FROM.
func stages(t *testing.T) [][]instruction {
	t.Helper()
	text := strings.ReplaceAll(read(t, "Dockerfile"), "\\\n", " ")
	var all [][]instruction
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, args, _ := strings.Cut(line, " ")
		if name == "FROM" {
			all = append(all, nil)
		}
		require.NotEmpty(t, all, "the Dockerfile begins with %q", line)
		all[len(all)-1] = append(all[len(all)-1], instruction{name, strings.TrimSpace(args)})
	}
	require.Len(t, all, 2, "one stage that builds, one that is shipped")
	return all
}

// args returns what follows each instruction of the name.
func args(stage []instruction, name string) []string {
	var all []string
	for _, i := range stage {
		if i.name == name {
			all = append(all, i.args)
		}
	}
	return all
}

// arg is for an instruction that stands there once.
func arg(t *testing.T, stage []instruction, name string) string {
	t.Helper()
	all := args(stage, name)
	require.Len(t, all, 1, name)
	return all[0]
}

// words reads the JSON form of ENTRYPOINT and CMD.
func words(t *testing.T, text string) []string {
	t.Helper()
	var list []string
	require.NoError(t, json.Unmarshal([]byte(text), &list), "exec form: %s", text)
	return list
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, name))
	require.NoError(t, err)
	return string(text)
}
