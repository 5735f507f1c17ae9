// Command nelke is the citizen service of a town: see nelke --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9"
	_ "golang.org/x/crypto/x509roots/fallback" // CA roots for images without /etc/ssl

	"nelke/server"
)

var version = "dev" // set by the linker

func main() {
	redis.SetLogger(silent{})
	// After the first signal the second one has its usual effect: it ends the program at once.
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, release)
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// silent keeps the Redis client from writing to stderr past the log, a line for every failed attempt: the relay logs when
// Redis is lost and when it is back.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// commands is the command line. The configuration's flags stand beside the commands, since nearly all of them need it.
type commands struct {
	server.Config `group:"Configuration (each also by the environment variable in parentheses):"`

	Serve    serveCommand    `cmd:"" help:"Run the service."`
	Web      webCommand      `cmd:"" help:"Serve the pages for citizens alone, in front of a graph elsewhere."`
	Migrate  migrateCommand  `cmd:"" help:"Bring the database into the form that this program needs."`
	Import   importCommand   `cmd:"" help:"Write towns from their files: all of them are checked first, and all are written or none."`
	Token    tokenCommand    `cmd:"" help:"Mint a staff token of the demo, with the key in NELKE_DATA."`
	Audit    auditCommand    `cmd:"" help:"Check that no event was removed, changed or swapped."`
	Restored restoredCommand `cmd:"" help:"Begin a new epoch, after the database was put back from a copy: what readers keep of the time before is refused."`
	Schema   schemaCommand   `cmd:"" help:"Print the schema of the subgraph, as gateways compose it."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
	Health   healthCommand   `cmd:"" help:"Ask a running service whether it is ready, for health checks in containers."`
}

// streams are where commands write: what was asked for to out, and nothing else.
type streams struct{ out io.Writer }

// run is the program without the process around it. It returns the exit status: 1 for whatever went wrong, 2 for a
// command line that makes no sense.
func run(ctx context.Context, args, environment []string, out, errOut io.Writer) int {
	var cli commands
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("nelke"), kong.Description("The citizen service of a town as one graph."),
		kong.Writers(out, errOut), kong.Exit(func(status int) { exited = status }),
		kong.UsageOnError(), kong.PostBuild(environmentLater), kong.ValueFormatter(withVariable),
	)
	if err != nil {
		fmt.Fprintln(errOut, err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		fmt.Fprintf(errOut, "nelke: %v\n", err)
		return 2
	}
	cli.Config, err = server.Load(variables(environment), cli.Config, given(parsed))
	if err == nil || !needsConfig(parsed) {
		cli.Options.Version = version
		parsed.BindTo(ctx, (*context.Context)(nil))
		err = parsed.Run(cli.Config, streams{out})
	}
	if err != nil {
		fmt.Fprintf(errOut, "nelke: %v\n", err)
		return 1
	}
	return 0
}

// environmentLater keeps kong from reading the environment: it would stop at the first fault, and quote the value.
func environmentLater(k *kong.Kong) error {
	for _, flags := range k.Model.AllFlags(false) {
		for _, flag := range flags {
			flag.Tag.Envs = nil
		}
	}
	return nil
}

// withVariable shows the variable beside a flag's help.
func withVariable(value *kong.Value) string {
	if name := value.Tag.Get("env"); name != "" {
		return value.Help + " (" + name + ")"
	}
	return value.Help
}

// given are the variables in whose place a flag stands on the command line.
func given(parsed *kong.Context) map[string]bool {
	set := map[string]bool{}
	for _, element := range parsed.Path {
		if element.Flag != nil && element.Flag.Tag.Has("env") {
			set[element.Flag.Tag.Get("env")] = true
		}
	}
	return set
}

func variables(environment []string) map[string]string {
	all := map[string]string{}
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		all[name] = value
	}
	return all
}

func needsConfig(parsed *kong.Context) bool {
	switch parsed.Selected().Name {
	case "version", "health", "schema":
		return false
	}
	return true
}

type serveCommand struct{}

func (serveCommand) Run(ctx context.Context, cfg server.Config, s streams) error {
	cfg.Options.Welcome, cfg.Options.Terminal = s.out, isTerminal(s.out)
	manageMemory(ctx)
	return server.Run(ctx, cfg)
}

type webCommand struct {
	Graph string `required:"" placeholder:"URL" help:"The graph, or a gateway before it: https://gateway.example/graphql. It has to trust this process by NELKE_PROXIES, or all people share one network's limits."`
}

func (c webCommand) Run(ctx context.Context, cfg server.Config) error {
	return server.RunPages(ctx, cfg, c.Graph)
}

// isTerminal reports whether what is written there is read by a person, and kept by nobody.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	about, err := file.Stat()
	return err == nil && about.Mode()&os.ModeCharDevice != 0
}

type migrateCommand struct {
	Check bool `help:"Change nothing, and fail if migrations are pending."`
}

func (c migrateCommand) Run(ctx context.Context, cfg server.Config, s streams) error {
	n, err := server.Migrate(ctx, cfg, c.Check)
	switch {
	case err != nil:
		return err
	case n == 0:
		fmt.Fprintln(s.out, "nothing to migrate")
	case c.Check:
		return fmt.Errorf("%d migrations are pending", n)
	default:
		fmt.Fprintf(s.out, "%d migrations applied\n", n)
	}
	return nil
}

type importCommand struct {
	Paths []string `arg:"" name:"path" help:"Files of towns, or folders, of which every .yaml is a town: data/lippe"`
}

func (c importCommand) Run(ctx context.Context, cfg server.Config, s streams) error {
	done, err := server.Import(ctx, cfg, c.Paths)
	for _, file := range done {
		if file.Changed {
			fmt.Fprintf(s.out, "%s: imported\n", file.File)
		} else {
			fmt.Fprintf(s.out, "%s: nothing changed\n", file.File)
		}
	}
	if err != nil {
		return fmt.Errorf("not imported:\n%w", err)
	}
	return nil
}

type tokenCommand struct {
	Role    []string      `required:"" placeholder:"ROLE@ARS" help:"Role in a municipality: CLERK, SUPERVISOR or ADMIN, @, and its ARS of twelve digits. May be repeated."`
	Name    string        `default:"Demo Staff" help:"What the person is called."`
	Subject string        `default:"demo-staff" help:"What tells the person from others."`
	TTL     time.Duration `name:"ttl" default:"12h" help:"How long the token is valid."`
}

func (c tokenCommand) Run(cfg server.Config, s streams) error {
	cfg.Demo = cfg.Demo || cfg.Issuer == "" // there is no other issuer whose tokens these could be
	token, err := server.Token(cfg, c.Subject, c.Name, c.Role, c.TTL)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, token)
	return nil
}

type auditCommand struct{}

func (auditCommand) Run(ctx context.Context, cfg server.Config, s streams) error {
	events, faults, err := server.Audit(ctx, cfg)
	if err != nil {
		return err
	}
	unknown, err := server.UnknownPayments(ctx, cfg)
	if err != nil {
		return err
	}
	for _, u := range unknown {
		fmt.Fprintf(s.out, "order %s, transaction %s: %d cents that no payment explains, reported on %s\n",
			u.Order, u.Transaction, u.Cents, u.At.Format(time.DateOnly))
	}
	for _, fault := range faults {
		fmt.Fprintln(s.out, fault)
	}
	if len(faults) > 0 {
		return fmt.Errorf("%d events, %d faults", events, len(faults))
	}
	fmt.Fprintf(s.out, "%d events, no fault\n", events)
	return nil
}

type restoredCommand struct{}

func (restoredCommand) Run(ctx context.Context, cfg server.Config, s streams) error {
	epoch, err := server.Restored(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "epoch %s has begun\n", epoch)
	return nil
}

type schemaCommand struct {
	Out string `type:"path" placeholder:"FILE" help:"Write it to this file."`
	API bool   `name:"api" help:"Print it as clients see it, without what gateways alone need."`
}

func (c schemaCommand) Run(s streams) error {
	schema := server.SDL()
	if c.API {
		schema = server.API()
	}
	if c.Out != "" {
		return os.WriteFile(c.Out, []byte(schema), 0o644) //nolint:gosec // everybody may read it
	}
	_, err := io.WriteString(s.out, schema)
	return err
}

type versionCommand struct{}

func (versionCommand) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, version)
	return err
}

type healthCommand struct {
	URL string `arg:"" optional:"" default:"http://127.0.0.1:8080" help:"The service, or its /readyz."`
}

func (c healthCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	url := strings.TrimSuffix(strings.TrimRight(c.URL, "/"), "/readyz") + "/readyz"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return errors.New("not ready: " + answer.Status)
	}
	return nil
}
