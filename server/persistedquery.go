package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/redis/go-redis/v9"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"
)

const (
	maxDocument      = 16 << 10 // longer ones are executed, and not remembered
	documents        = 1000     // in the memory of a process
	documentLife     = 7 * 24 * time.Hour
	documentPatience = 50 * time.Millisecond
)

// persisted remembers documents by their SHA-256, so that clients send the hash alone (automatic persisted queries): in
// memory, and in Redis for the other processes. It fails open: a client whose document is unknown sends it once more.
type persisted struct {
	memory graphql.Cache[string]
	client redis.UniversalClient // nil: memory only
	prefix string
	log    *slog.Logger
}

func newPersisted(client redis.UniversalClient, prefix string, log *slog.Logger) *persisted {
	return &persisted{memory: lru.New[string](documents), client: client, prefix: "{" + prefix + "}:document:", log: log}
}

// Get implements graphql.Cache.
func (p *persisted) Get(ctx context.Context, hash string) (string, bool) {
	if sum, err := hex.DecodeString(hash); err != nil || len(sum) != sha256.Size {
		return "", false
	}
	if document, ok := p.memory.Get(ctx, hash); ok || p.client == nil {
		return document, ok
	}
	ctx, cancel := context.WithTimeout(ctx, documentPatience)
	defer cancel()
	document, err := p.client.GetEx(ctx, p.prefix+hash, documentLife).Result()
	if err != nil || hashOf(document) != hash { // unknown, no Redis, or somebody else's
		return "", false
	}
	p.memory.Add(ctx, hash, document)
	return document, true
}

// Add implements graphql.Cache. Its caller has checked the hash.
func (p *persisted) Add(ctx context.Context, hash, document string) {
	if len(document) > maxDocument || spelled(document) {
		return
	}
	if known, ok := p.memory.Get(ctx, hash); ok && known == document {
		return
	}
	p.memory.Add(ctx, hash, document)
	if p.client == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, documentPatience)
	defer cancel()
	if err := p.client.Set(ctx, p.prefix+hash, document, documentLife).Err(); err != nil {
		p.log.DebugContext(ctx, "a document isn't kept in Redis", "err", err)
	}
}

// spelled reports whether a document writes with values that stand in it, such as a name or an address, instead of in
// variables: it is one person's, and nothing to keep.
func spelled(document string) bool {
	tokens := lexer.New(&ast.Source{Input: document})
	depth, writes, values := 0, false, false
	for {
		token, err := tokens.ReadToken()
		if err != nil {
			return true // nothing that could be executed
		}
		switch token.Kind {
		case lexer.EOF:
			return writes && values
		case lexer.BraceL:
			depth++
		case lexer.BraceR:
			depth--
		case lexer.String, lexer.BlockString:
			values = true
		case lexer.Name:
			writes = writes || depth == 0 && token.Value == "mutation"
		}
	}
}

func hashOf(document string) string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:])
}
