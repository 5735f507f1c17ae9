package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// personal are words that make a person of code, with what to write instead.
func personal() map[string]string {
	return map[string]string{
		"heart": "the package's name", "hearts": "the packages' names",
		"tells": "returns, reports, calls, names", "told": "called, sent, returned",
		"owe": "enqueue", "owes": "enqueues", "owed": "due, enqueued, waiting",
		"hears": "receives, is nudged", "knows": "has, computes, parses",
	}
}

// TestCommentsUsePlainWords reads the comments of all Go files written by hand. The first word of a comment may be any, since
// it may be the name of what is declared.
func TestCommentsUsePlainWords(t *testing.T) {
	t.Parallel()
	for name, file := range sources(t) {
		for _, group := range file.comments {
			for i, word := range words(group.Text()) {
				if instead := personal()[strings.ToLower(word)]; instead != "" && i > 0 {
					t.Errorf("%s:%d: %q makes a person of code; say what it does: %s", name, file.set.Position(group.Pos()).Line, word, instead)
				}
			}
		}
	}
}

func words(text string) []string { return regexp.MustCompile(`\pL+`).FindAllString(text, -1) }

type source struct {
	set      *token.FileSet
	comments []*ast.CommentGroup
}

// sources returns the Go files written by hand, by their names from the root of the repository.
func sources(t *testing.T) map[string]source {
	t.Helper()
	found := map[string]source{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case relErr != nil:
			return relErr
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules" || entry.Name() == "testdata"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err == nil && !ast.IsGenerated(file) {
			found[name] = source{set, file.Comments}
		}
		return err
	}))
	require.Greater(t, len(found), 300)
	return found
}
