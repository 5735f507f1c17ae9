package suite

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/data"
	"nelke/server"
)

// Town is a copy of Blomberg's files in a folder of the test's own.
type Town struct {
	File string // of the town
	t    testing.TB
}

// NewTown copies Blomberg's files.
func NewTown(t testing.TB) *Town {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, data.Towns))
	return &Town{File: filepath.Join(folder, filepath.FromSlash(data.Blomberg)), t: t}
}

// Edit replaces a text that stands once in a file: the town's own, or one beside it such as blomberg/forms/x.json.
func (town *Town) Edit(beside, before, after string) *Town {
	town.t.Helper()
	file := town.File
	if beside != "" {
		file = filepath.Join(filepath.Dir(file), beside)
	}
	raw, err := os.ReadFile(file)
	require.NoError(town.t, err)
	require.Equal(town.t, 1, strings.Count(string(raw), before), "%q in %s", before, file)
	require.NoError(town.t, os.WriteFile(file, []byte(strings.Replace(string(raw), before, after, 1)), 0o600))
	return town
}

// EditAll replaces a text wherever it stands in a file beside the town's.
func (town *Town) EditAll(beside, before, after string) *Town {
	town.t.Helper()
	file := filepath.Join(filepath.Dir(town.File), beside)
	raw, err := os.ReadFile(file)
	require.NoError(town.t, err)
	require.Contains(town.t, string(raw), before, file)
	require.NoError(town.t, os.WriteFile(file, []byte(strings.ReplaceAll(string(raw), before, after)), 0o600))
	return town
}

// EditAfter replaces a text in the town's file where it stands first after another one, such as the name of a service.
func (town *Town) EditAfter(place, before, after string) *Town {
	town.t.Helper()
	raw, err := os.ReadFile(town.File)
	require.NoError(town.t, err)
	head, rest, found := strings.Cut(string(raw), place)
	require.True(town.t, found, place)
	require.Contains(town.t, rest, before)
	require.NoError(town.t, os.WriteFile(town.File, []byte(head+place+strings.Replace(rest, before, after, 1)), 0o600))
	return town
}

// Write writes a file beside the town's.
func (town *Town) Write(beside, text string) *Town {
	town.t.Helper()
	require.NoError(town.t, os.WriteFile(filepath.Join(filepath.Dir(town.File), beside), []byte(text), 0o600))
	return town
}

// Without takes a service out, at the counters too.
func (town *Town) Without(service string) *Town {
	town.t.Helper()
	raw, err := os.ReadFile(town.File)
	require.NoError(town.t, err)
	text := string(raw)
	begin := strings.Index(text, "\n  - slug: "+service+"\n")
	require.Positive(town.t, begin)
	length := strings.Index(text[begin+1:], "\n  - slug: ")
	if length < 0 {
		length = len(text) - begin - 2
	}
	text = text[:begin+1] + text[begin+1+length+1:]
	text = strings.ReplaceAll(text, "          - "+service+"\n", "")
	require.NoError(town.t, os.WriteFile(town.File, []byte(text), 0o600))
	return town
}

// Renamed makes it another town of the same shape.
func (town *Town) Renamed(slug, ars, ags string) *Town {
	town.t.Helper()
	return town.Edit("", "  slug: blomberg\n", "  slug: "+slug+"\n").
		Edit("", `ars: "`+ARS+`"`, `ars: "`+ars+`"`).Edit("", `ags: "05766016"`, `ags: "`+ags+`"`)
}

// Configuration is that of a program beside servers on the same backend and folder, with a clock that stands at Start.
func (b *Backend) Configuration(folder string) server.Config {
	cfg := server.Defaults()
	cfg.Data, cfg.DatabaseURL = folder, b.url
	if b.Redis != nil {
		cfg.RedisURL = b.Redis.URL()
	}
	cfg.Demo = true // as Serve has it: a demo serves no database that none has made
	cfg.Options.Clock = Start
	cfg.Options.Logger = slog.New(slog.DiscardHandler)
	return cfg
}

// In sets the folder of a server's data.
func In(folder string) Option { return func(c *server.Config) { c.Data = folder } }

// Import imports the town, and reports whether that changed anything.
func (town *Town) Import(cfg server.Config) bool {
	town.t.Helper()
	done, err := server.Import(town.t.Context(), cfg, []string{town.File})
	require.NoError(town.t, err)
	require.Len(town.t, done, 1)
	return done[0].Changed
}
