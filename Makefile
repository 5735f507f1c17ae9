# `make` prints the targets; a line "## text" after a target's name is what it prints.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# The Dockerfile builds with the same words; a test in test/container compares them.
BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags timetzdata -ldflags "-s -w -X main.version=$(VERSION)"

.PHONY: help
help: ## these lines
	@sed -nE 's/^([a-z/]+):[^#]*## (.*)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

.PHONY: run
run: ## the whole service on the embedded default: SQLite, demo tokens, Blomberg
	go run ./cmd/nelke serve --demo

.PHONY: run/full
run/full: ## the same on PostgreSQL and Redis, given by DATABASE_URL and REDIS_URL
	@: "$${DATABASE_URL:?names the PostgreSQL database, e.g. postgres://nelke@localhost/nelke}"
	@: "$${REDIS_URL:?names the Redis, e.g. redis://localhost:6379/0}"
	go run ./cmd/nelke migrate
	go run ./cmd/nelke serve --demo

.PHONY: build
build: ## the static binary bin/nelke, as in the container image
	$(BUILD) -o bin/nelke ./cmd/nelke

# The race detector, but for SQLite's C in Go and its memory: its goroutines are ours, which are watched, and watching each of its
# reads took nearly half of the tests' time.
UNWATCHED := modernc.org/sqlite/lib modernc.org/libc modernc.org/memory
RACE := -race $(foreach package,$(UNWATCHED),'-gcflags=$(package)=-race=false -d=checkptr=0')

.PHONY: test
test: deps ## every test with the race detector, slow proofs in their short form
	script/services run -- go test -json $(RACE) -shuffle=on -timeout=20m ./... | go run ./internal/testbed/summary

# What most changes break, and what needs nothing but this process.
QUICK := ./cmd/... ./graph/... ./internal/... ./server ./test/access ./test/kept ./test/mutants ./test/portal ./test/search

.PHONY: test/quick
test/quick: ## before each commit: units and the portal on SQLite, in a minute and a half, without the race detector
	env -u CI go test -short -p 4 $(QUICK)

.PHONY: test/faults
test/faults: deps ## the proofs of test/ in their long form
	NELKE_PROOFS=long script/services run -- go test -json $(RACE) -count=1 -timeout=2h ./test/... | go run ./internal/testbed/summary

.PHONY: test/web/long
test/web/long: deps deps/node deps/chromium ## the pages in a real browser on both databases, every page in all colours, and with the bars of speed
	cd test/web && npm ci
	NELKE_PROOFS=long script/services run -- go test -tags web -count=1 -timeout=40m -v ./test/web ./web/static

.PHONY: test/mutants
test/mutants: deps ## small patches that must each turn a test red
	script/services run -- go run ./test/mutants

.PHONY: test/federation
test/federation: deps deps/node ## Nelke and a neighbour behind two gateways, composed by three composers (needs Node 20 and npm)
	cd test/federation && npm ci
	cd test/federation && ../../script/services run -- go test -tags federation $(RACE) -count=1

.PHONY: test/conformance
test/conformance: deps deps/node ## the suites of Apollo and graphql-http, and the reference clients, judge Nelke (needs Node 20 and npm)
	cd test/conformance && npm ci
	cd test/conformance && ../../script/services run -- go test -tags conformance $(RACE) -count=1

.PHONY: test/web
test/web: deps deps/node deps/chromium ## the pages in a real browser: by keyboard, by axe, live, light, narrow (needs Node 20 and npm)
	cd test/web && npm ci
	script/services run -- go test -tags web -count=1 -p 1 -timeout=20m ./test/web ./web/static

.PHONY: web/screens
web/screens: deps deps/node deps/chromium ## a picture of every page, phone and desktop, in var/screens
	NELKE_SCREENS=$(CURDIR)/var/screens go test -tags web -count=1 -timeout=20m -run '^TestScreens$$' ./test/web

.PHONY: story
story: deps/servers ## the stories of an appointment and of applications, told step by step against running servers
	script/services run -- go run ./test/story

.PHONY: bench
bench: deps/servers ## speed against baselines of the same run
	script/services run -- go run ./test/bench

.PHONY: bench/federation
bench/federation: deps/servers deps/node ## the same for aggregators: beside Mercurius, over regions, behind a gateway (needs Node 20 and npm)
	cd test/bench/mercurius && npm ci
	cd test/federation && npm ci
	script/services run -- go run ./test/bench -only kept,mercurius,region,entities,gateway

.PHONY: test/attacks
test/attacks: deps/servers ## what one client can do to the others, each attack on both databases beside a control
	script/services run -- go run ./test/bench -only attacks

.PHONY: bench/beside
bench/beside: deps/servers ## the same measures beside those of another revision, by turns: make bench/beside REV=4c57230
	@: "$${REV:?names the revision}"
	script/services run -- go run ./test/bench -beside "$$REV"

.PHONY: lint
lint: deps ## golangci-lint, with the import rule, and go vet
	go vet -tags federation,conformance,web ./...
	go tool -modfile=tools/go.mod golangci-lint run

.PHONY: verify
verify: deps ## regenerate everything: no difference, no pending migration, nothing that breaks clients, no merge left open
	@! git grep -nE '^(<{7}|>{7}) ' || { echo 'conflict markers are committed' >&2; exit 1; }
	script/unchanged go generate ./...
	script/services run postgresql -- go run ./internal/store/migrategen --check
	go run ./graph/release --check

.PHONY: migration
migration: deps/servers ## the migration that a change of ent/schema needs, for both databases: make migration name=add_phone
	@[[ "$${name:-}" =~ ^[a-z0-9_]+$$ ]] || { echo 'say what the migration does, in a word or two of a-z, 0-9 and _: make migration name=add_phone' >&2; exit 64; }
	go generate ./ent
	script/services run postgresql -- go run ./internal/store/migrategen -name "$$name"

.PHONY: outdated
outdated: ## direct dependencies that are behind, with what is pinned and the newest: Go's, the tools', and Node's where npm is there
	@script/outdated

.PHONY: release
release: ## make the present schema the one that clients build on
	go run ./graph/release

.PHONY: fmt
fmt: ## format the code
	go tool -modfile=tools/go.mod golangci-lint fmt

.PHONY: clean
clean: ## remove what was built and the data of make run
	rm -rf bin var test/federation/node_modules test/conformance/node_modules test/bench/mercurius/node_modules test/web/node_modules

.PHONY: deps deps/gcc deps/servers deps/node deps/chromium
deps: deps/gcc deps/servers ## install what the tests need: PostgreSQL, Redis (from Debian)
deps/gcc:
	@script/services need gcc
deps/servers:
	@script/services need postgresql redis
deps/chromium:
	@script/services need chromium
deps/node:
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' && command -v npm >/dev/null || { echo "Node 20 or later is needed, with npm: https://nodejs.org"; exit 1; }
