package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/caarlos0/env/v11"
	"github.com/jackc/pgx/v5"

	"nelke/internal/live"
	"nelke/internal/portal"
	"nelke/internal/webhook"
)

// Config is everything that can be set, each by a variable of the environment and by a flag. Make one with Load, or
// with Defaults in tests: the zero value isn't usable.
type Config struct {
	Addr      string `env:"NELKE_ADDR" default:"127.0.0.1:8080" help:"Address to listen on, as host:port. Port 0 takes a free one."`
	Data      string `env:"NELKE_DATA" default:"./var" help:"Folder of the SQLite file and of the demo's key. It is made where it doesn't exist."`
	PublicURL string `env:"NELKE_PUBLIC_URL" help:"URL under which people reach the service. http:// and the address unless given."`

	Pages     bool     `env:"NELKE_PAGES" default:"true" negatable:"" help:"Whether the pages for citizens are served, besides the graph."`
	Town      string   `env:"NELKE_TOWN" help:"Slug of the only town whose pages are shown. Unless given, and with several towns, addresses of pages begin with the town's slug."`
	TownHosts []string `env:"NELKE_TOWN_HOSTS" help:"Host names of towns that have one of their own, as host=slug. Separated by commas."`
	Theme     string   `env:"NELKE_THEME" help:"Folder with a town's own look of the pages: style.css in the place of ours, theme.css after it, logo.svg, and what these load."`
	Framers   []string `env:"NELKE_FRAMERS" help:"Origins that may show the list of services in a frame, such as https://www.example.org. Separated by commas."`

	DatabaseURL string        `env:"DATABASE_URL" help:"PostgreSQL, as postgres://user:password@host/database. An SQLite file unless given."`
	MaxConns    int           `env:"NELKE_MAX_CONNS" default:"0" help:"Connections to PostgreSQL, or readers of the SQLite file. 0: as many as suit the cores."`
	ClockLimit  time.Duration `env:"NELKE_CLOCK_LIMIT" default:"5s" help:"How far PostgreSQL's clock and the process's may be apart before the process isn't ready."`
	RedisURL    string        `env:"REDIS_URL" help:"Redis, which several processes on one database need to hear of each other's changes. None unless given."`
	RedisPrefix string        `env:"NELKE_REDIS_PREFIX" default:"nelke" help:"What names in Redis begin with, to keep several installations on one Redis apart."`
	CacheBytes  int64         `env:"NELKE_CACHE_BYTES" default:"67108864" help:"Bytes of memory for what is remembered: half for values, half for whole answers. Towns come on top, with about 0.35 MiB each."`

	Demo       bool   `env:"NELKE_DEMO" default:"false" help:"For trying out: tokens from an issuer in the process, the town of Blomberg in an empty database, migrations at the start."`
	Anywhere   bool   `env:"NELKE_DEMO_ANYWHERE" default:"false" help:"The demo may listen on any address. Anybody who reaches it can have any role."`
	Issuer     string `env:"NELKE_ISSUER" help:"OpenID Connect issuer of staff tokens, exactly as they name it. None unless given: staff can't log in."`
	Audience   string `env:"NELKE_AUDIENCE" default:"nelke" help:"Audience that a staff token must be for."`
	RolesClaim string `env:"NELKE_ROLES_CLAIM" default:"nelke_roles" help:"Claim with the list of ROLE@ARS, or a dotted path to it such as realm_access.roles."`

	PaymentURL    string `env:"NELKE_PAYMENT_URL" help:"Base URL of the payment provider, one that speaks the sandbox's protocol. Unless given, the demo brings the sandbox along, and without it nothing can be paid."`
	PaymentSecret string `env:"NELKE_PAYMENT_SECRET" help:"Secret shared with the payment provider, of 32 characters at least. Several demo processes on one database need it too; one takes a random secret unless given."`

	PaymentFormer string `env:"NELKE_PAYMENT_SECRET_FORMER" help:"The payment secret before this one, while the provider changes over: reports that it signs are still believed, calls aren't made with it."`

	WebhookKey   string `env:"NELKE_WEBHOOK_KEY" help:"Secret of 32 characters at least, under which the signing secrets of partners are sealed in the database. Unless given, the demo keeps one in NELKE_DATA, and without it partners are told nothing."`
	WebhookLocal bool   `env:"NELKE_WEBHOOK_LOCAL" default:"false" help:"For trying out, with the demo only: webhooks may go to this machine, by http too."`

	Origins         []string `env:"NELKE_ORIGINS" help:"Origins of pages elsewhere that may call the service, such as https://www.example.org, or * for all. Separated by commas."`
	Proxies         []string `env:"NELKE_PROXIES" help:"Networks (CIDR) of proxies whose X-Forwarded-For and traceparent are believed. Separated by commas."`
	ExemptNetworks  []string `env:"NELKE_EXEMPT_NETWORKS" help:"Networks (CIDR) that many people share: a library's, the town hall's own terminal's. They have limits of their own, see NELKE_EXEMPT_TIMES. Separated by commas."`
	ExemptTimes     int      `env:"NELKE_EXEMPT_TIMES" default:"100" help:"How many times as much as another network each of NELKE_EXEMPT_NETWORKS may do, all its addresses together. 0: any number."`
	OpeningsPerHour int      `env:"NELKE_OPENINGS_PER_HOUR" default:"60" help:"Cases that one network (an IPv4 address, an IPv6 /64; twice as many a /56, eight times a /48) may open in an hour, feedback that it may give, and pings and replays that one partner may ask for."`
	HoldsPerHour    int      `env:"NELKE_HOLDS_PER_HOUR" default:"120" help:"Times that one network may hold in an hour. 0: any number, as with all that follow."`
	BookingsPerDay  int      `env:"NELKE_BOOKINGS_PER_DAY" default:"40" help:"Appointments that one network may book online in a day."`

	AppointmentsPerCase    int `env:"NELKE_APPOINTMENTS_PER_CASE" default:"3" help:"Open appointments that one case may have at an office, held times included."`
	CaseWritesPerMinute    int `env:"NELKE_CASE_WRITES_PER_MINUTE" default:"60" help:"Mutations that one case may ask for in a minute."`
	NetworkWritesPerMinute int `env:"NELKE_NETWORK_WRITES_PER_MINUTE" default:"600" help:"Mutations that all cases of one network may ask for in a minute."`
	ContactsPerDay         int `env:"NELKE_CONTACTS_PER_DAY" default:"20" help:"Changes of its contact that one case may ask for in a day."`
	CaseQueue              int `env:"NELKE_CASE_QUEUE" default:"8" help:"Mutations of one case that wait for one another; more are refused at once."`
	NetworkQueue           int `env:"NELKE_NETWORK_QUEUE" default:"32" help:"Mutations of one network that are under way at a time; more are refused at once."`

	AnswerBytes   int   `env:"NELKE_ANSWER_BYTES" default:"4194304" help:"Bytes of data that one answer may have; eight times as many for partners with the scope CATALOGUE_BULK."`
	Streams       int   `env:"NELKE_STREAMS" default:"2000" help:"WebSocket connections and event streams that one network may have open; a process has room for ten times as many."`
	StreamBytes   int64 `env:"NELKE_STREAM_BYTES" default:"50331648" help:"Bytes of memory that these and what they subscribe to may take for one network; a process has room for four times as many."`
	TransitBytes  int64 `env:"NELKE_TRANSIT_BYTES" default:"33554432" help:"Bytes of memory that requests that are still coming or not yet answered, and answers that are not yet read, may take for one network; a process has room for four times as many. At least 4 MiB and six times NELKE_ANSWER_BYTES."`
	Introspection bool  `env:"NELKE_INTROSPECTION" default:"true" negatable:"" help:"Whether the schema can be asked for."`

	TraceEndpoint   string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" help:"Base URL of an OpenTelemetry collector (OTLP over HTTP) that gets traces. None unless given; OpenTelemetry's other variables work, too."`
	TraceURL        string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" help:"The same as a whole URL, for collectors whose path isn't /v1/traces."`
	TraceService    string `env:"OTEL_SERVICE_NAME" help:"What the service is called in traces: nelke unless given."`
	TraceSampler    string `env:"OTEL_TRACES_SAMPLER" default:"parentbased_always_on" help:"Which traces are recorded: always_on, always_off, traceidratio, or one of these with parentbased_ before it."`
	TraceSamplerArg string `env:"OTEL_TRACES_SAMPLER_ARG" help:"The share of traces that are recorded, from 0 to 1, for samplers by ratio."`
	TraceExporter   string `env:"OTEL_TRACES_EXPORTER" default:"otlp" help:"otlp, or none for no traces."`
	TraceProtocol   string `env:"OTEL_EXPORTER_OTLP_PROTOCOL" default:"http/protobuf" help:"How the collector is spoken to: http/protobuf or http/json."`
	TraceOff        bool   `env:"OTEL_SDK_DISABLED" default:"false" help:"No traces, whatever the other variables say."`
	TraceAnswers    string `env:"NELKE_FTV1" default:"proxies" help:"Whose requests may ask for Apollo's trace in the answer (ftv1): proxies (those of NELKE_PROXIES), all or none."`

	Log         string `env:"NELKE_LOG" default:"json" help:"Form of the log on stderr: json or text."`
	LogLevel    string `env:"NELKE_LOG_LEVEL" default:"info" help:"Least level that is logged: debug, info, warn or error."`
	MetricsAddr string `env:"NELKE_METRICS_ADDR" help:"Address of a listener for /metrics alone. Unless given there are no metrics, but for the demo, whose main listener answers the machine itself."`

	StopDelay   time.Duration `env:"NELKE_STOP_DELAY" default:"1s" help:"How long new requests are still taken while /readyz says that the service is stopping. Part of the stop timeout."`
	StopTimeout time.Duration `env:"NELKE_STOP_TIMEOUT" default:"9s" help:"How long a graceful stop may take in all."`
	Sweepers    bool          `env:"NELKE_SWEEPERS" default:"true" negatable:"" help:"Whether jobs tidy up after expired holds. Nothing but tidiness depends on it."`

	Options Options `kong:"-"`
}

// Options are what a program sets, and no operator.
type Options struct {
	// Version of the program, for /version and the metrics. "dev" when empty.
	Version string
	// Logger takes the place of the one that Log and LogLevel describe.
	Logger *slog.Logger
	// Schema is served in the place of the portal's own, for tests of what carries it.
	Schema graphql.ExecutableSchema
	// Clock takes the place of the database's and the process's clock, for tests.
	Clock func() time.Time
	// ProcessClock takes the place of the process's clock alone, for tests of two clocks that differ. Unused with Clock.
	ProcessClock func() time.Time
	// ClockMoved receives when Clock was set to another instant, so that whoever waits for one looks again.
	ClockMoved <-chan struct{}
	// VisitsEvery is how often counts of visits are written down; 0: every five seconds.
	VisitsEvery time.Duration
	// Webhooks are how calls to partners differ from what they should be, for tests: Seal and Local are set by others.
	Webhooks webhook.Options
	// Ready is called once with the address that is listened on, as soon as requests are answered.
	Ready func(addr string)
	// Welcome gets what to try first, when the demo is ready.
	Welcome io.Writer
	// Terminal says that a person reads Welcome, and nobody keeps it: then there is a token in it.
	Terminal bool
}

// Defaults is the configuration of an empty environment.
func Defaults() Config {
	cfg, err := Load(nil, Config{}, nil)
	if err != nil {
		panic(err) // the defaults are wrong
	}
	return cfg
}

// Load takes the variables named in given from flags, the others from the environment, or else their defaults.
//
// Errors: *ConfigError.
func Load(environment map[string]string, flags Config, given map[string]bool) (Config, error) {
	environment = maps.Clone(environment)
	if environment == nil {
		environment = map[string]string{} // nil would mean the process's own
	}
	for name := range given {
		delete(environment, name)
	}
	var cfg Config
	found := &ConfigError{}
	err := env.ParseWithOptions(&cfg, env.Options{Environment: environment, DefaultValueTagName: "default"})
	if all := (env.AggregateError{}); errors.As(err, &all) {
		for _, err := range all.Errors {
			found.addParse(err)
		}
	} else if err != nil {
		return cfg, fmt.Errorf("read configuration: %w", err)
	}
	to, from := reflect.ValueOf(&cfg).Elem(), reflect.ValueOf(flags)
	for i := range to.NumField() {
		if given[to.Type().Field(i).Tag.Get("env")] {
			to.Field(i).Set(from.Field(i))
		}
	}
	cfg.check(found)
	if len(found.Faults) > 0 {
		return cfg, found
	}
	return cfg, nil
}

// Check looks for faults in a configuration that Load didn't make. (It isn't named Validate, because kong would call it
// before the environment has been read.)
//
// Errors: *ConfigError.
func (c Config) Check() error {
	found := &ConfigError{}
	c.check(found)
	if len(found.Faults) > 0 {
		return found
	}
	return nil
}

// ConfigError is everything that is wrong with a configuration. It repeats no value that may be secret.
type ConfigError struct{ Faults []ConfigFault }

// ConfigFault is one variable, and what is wrong with its value.
type ConfigFault struct{ Variable, Message string }

// Error has a line for each fault.
func (e *ConfigError) Error() string {
	lines := []string{"the configuration is not valid:"}
	for _, f := range e.Faults {
		lines = append(lines, "  "+f.Variable+" "+f.Message)
	}
	return strings.Join(lines, "\n")
}

func (e *ConfigError) add(variable, format string, args ...any) {
	known := func(f ConfigFault) bool { return f.Variable == variable }
	if !slices.ContainsFunc(e.Faults, known) { // of several faults of one value the first is the cause
		e.Faults = append(e.Faults, ConfigFault{variable, fmt.Sprintf(format, args...)})
	}
}

func (e *ConfigError) addParse(err error) {
	var parse env.ParseError
	if !errors.As(err, &parse) {
		e.add("environment", "%v", err)
		return
	}
	field, _ := reflect.TypeFor[Config]().FieldByName(parse.Name)
	want := map[reflect.Kind]string{reflect.Bool: "true or false", reflect.Int: "a whole number"}[field.Type.Kind()]
	switch field.Type {
	case reflect.TypeFor[time.Duration]():
		want = "a duration such as 9s"
	case reflect.TypeFor[int64]():
		want = "a whole number"
	}
	e.add(field.Tag.Get("env"), "must be %s", want)
}

func (c Config) check(found *ConfigError) {
	checkAddr(found, "NELKE_ADDR", c.Addr)
	if c.MetricsAddr != "" {
		checkAddr(found, "NELKE_METRICS_ADDR", c.MetricsAddr)
	}
	if c.PublicURL != "" {
		checkURL(found, "NELKE_PUBLIC_URL", c.PublicURL)
	}
	c.checkDemo(found)
	c.checkPages(found)
	if c.Data == "" {
		found.add("NELKE_DATA", "must name a folder")
	}
	c.checkBackends(found)
	c.checkIdentity(found)
	c.checkPayments(found)
	c.checkWebhooks(found)
	c.checkCallers(found)
	c.checkTraces(found)
	if c.Log != "json" && c.Log != "text" {
		found.add("NELKE_LOG", "must be json or text")
	}
	if new(slog.Level).UnmarshalText([]byte(c.LogLevel)) != nil {
		found.add("NELKE_LOG_LEVEL", "must be debug, info, warn or error")
	}
	if c.StopTimeout < time.Second || c.StopTimeout > 10*time.Minute {
		found.add("NELKE_STOP_TIMEOUT", "must be from 1s to 10m")
	}
	if c.StopDelay < 0 || c.StopDelay > c.StopTimeout/2 {
		found.add("NELKE_STOP_DELAY", "must be from 0s to half of NELKE_STOP_TIMEOUT")
	}
}

func (c Config) checkBackends(found *ConfigError) {
	if c.DatabaseURL != "" {
		u, err := url.Parse(c.DatabaseURL)
		if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			found.add("DATABASE_URL", "must be a URL that begins with postgres://")
		} else if _, err := pgx.ParseConfig(c.DatabaseURL); err != nil {
			found.add("DATABASE_URL", "is no connection URL of PostgreSQL")
		}
	}
	if c.RedisURL != "" {
		client, err := live.Open(c.RedisURL)
		if err != nil {
			found.add("REDIS_URL", "must be a URL that begins with redis://, rediss:// or unix://")
		} else {
			_ = client.Close() // it has not connected yet
		}
	}
	if c.RedisPrefix == "" || strings.ContainsAny(c.RedisPrefix, "{}: ") {
		found.add("NELKE_REDIS_PREFIX", "must be a word without braces, colons and spaces")
	}
	if c.CacheBytes < 1<<20 {
		found.add("NELKE_CACHE_BYTES", "must be 1048576 (1 MiB) at least")
	}
	if c.ClockLimit < 100*time.Millisecond {
		found.add("NELKE_CLOCK_LIMIT", "must be 100ms at least")
	}
	if c.MaxConns < 0 || c.MaxConns > 1000 {
		found.add("NELKE_MAX_CONNS", "must be from 0 to 1000")
	}
}

func (c Config) checkIdentity(found *ConfigError) {
	if c.Issuer != "" {
		checkURL(found, "NELKE_ISSUER", c.Issuer)
		if c.Demo {
			found.add("NELKE_ISSUER", "must be empty with NELKE_DEMO, which brings its own")
		}
	}
	if c.Audience == "" {
		found.add("NELKE_AUDIENCE", "must not be empty")
	}
	if c.RolesClaim == "" {
		found.add("NELKE_ROLES_CLAIM", "must not be empty")
	}
}

// secretLength is the least that a secret must have, in bytes: no fewer than the keys that are derived from it.
const secretLength = 32

func (c Config) checkPayments(found *ConfigError) {
	if c.PaymentURL != "" {
		checkURL(found, "NELKE_PAYMENT_URL", c.PaymentURL)
	}
	switch {
	case c.PaymentSecret != "" && len(c.PaymentSecret) < secretLength:
		found.add("NELKE_PAYMENT_SECRET", "must have %d characters at least", secretLength)
	case c.PaymentFormer != "" && len(c.PaymentFormer) < secretLength:
		found.add("NELKE_PAYMENT_SECRET_FORMER", "must have %d characters at least", secretLength)
	case c.PaymentSecret == "" && c.PaymentURL != "":
		found.add("NELKE_PAYMENT_SECRET", "must be given with NELKE_PAYMENT_URL")
	}
}

func (c Config) checkWebhooks(found *ConfigError) {
	if c.WebhookKey != "" && len(c.WebhookKey) < webhook.SealKeyLength {
		found.add("NELKE_WEBHOOK_KEY", "must have %d characters at least", webhook.SealKeyLength)
	}
	if c.WebhookLocal && !c.Demo {
		found.add("NELKE_WEBHOOK_LOCAL", "is for NELKE_DEMO only")
	}
}

func (c Config) checkCallers(found *ConfigError) {
	for _, origin := range c.Origins {
		u, err := url.Parse(origin)
		if origin != "*" && (err != nil || u.Host == "" || !strings.EqualFold(u.Scheme+"://"+u.Host, origin) || portal.Origin(origin) == "" || strings.ContainsAny(u.Host, "*?[")) {
			found.add("NELKE_ORIGINS", "must be origins such as https://www.example.org, or *: %q is none", origin)
		}
	}
	for _, proxy := range c.Proxies {
		if _, err := netip.ParsePrefix(proxy); err != nil {
			found.add("NELKE_PROXIES", "must be networks such as 10.0.0.0/8: %q is none", proxy)
		}
	}
	for _, network := range c.ExemptNetworks {
		if _, err := netip.ParsePrefix(network); err != nil {
			found.add("NELKE_EXEMPT_NETWORKS", "must be networks such as 192.0.2.0/28: %q is none", network)
		}
	}
	for name, number := range map[string]int{
		"NELKE_HOLDS_PER_HOUR": c.HoldsPerHour, "NELKE_BOOKINGS_PER_DAY": c.BookingsPerDay, "NELKE_APPOINTMENTS_PER_CASE": c.AppointmentsPerCase,
		"NELKE_CASE_WRITES_PER_MINUTE": c.CaseWritesPerMinute, "NELKE_NETWORK_WRITES_PER_MINUTE": c.NetworkWritesPerMinute,
		"NELKE_EXEMPT_TIMES": c.ExemptTimes, "NELKE_CONTACTS_PER_DAY": c.ContactsPerDay, "NELKE_CASE_QUEUE": c.CaseQueue, "NELKE_NETWORK_QUEUE": c.NetworkQueue,
	} {
		if number < 0 || number > 1_000_000 {
			found.add(name, "must be from 0 to 1000000")
		}
	}
	if c.AnswerBytes < 64<<10 || c.AnswerBytes > 64<<20 {
		found.add("NELKE_ANSWER_BYTES", "must be from 65536 (64 KiB) to 67108864 (64 MiB)")
	}
	if c.Streams < 1 {
		found.add("NELKE_STREAMS", "must be 1 at least")
	}
	if c.StreamBytes < 1<<20 {
		found.add("NELKE_STREAM_BYTES", "must be 1048576 (1 MiB) at least")
	}
	if c.TransitBytes < max(4<<20, 6*int64(c.AnswerBytes)) { // what is largest counts threefold, and partners' answers are eight times as large
		found.add("NELKE_TRANSIT_BYTES", "must be 4194304 (4 MiB) and six times NELKE_ANSWER_BYTES at least")
	}
	if c.OpeningsPerHour < 1 {
		found.add("NELKE_OPENINGS_PER_HOUR", "must be 1 at least")
	}
}

func checkAddr(found *ConfigError, variable, addr string) {
	if _, port, err := net.SplitHostPort(addr); err != nil || port == "" {
		found.add(variable, "must be host:port")
	}
}

func checkURL(found *ConfigError, variable, text string) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		found.add(variable, "must be a URL that begins with http:// or https://, without user, query and fragment")
	}
}

// database says which one it is, for people and logs.
func (c Config) database() string {
	u, err := url.Parse(c.DatabaseURL)
	switch {
	case c.DatabaseURL == "":
		return "SQLite in " + c.Data
	case err != nil:
		return "PostgreSQL"
	}
	return "PostgreSQL " + u.Host + u.Path
}

// publicURL is PublicURL, or where the service listens. Its end has no slash.
func (c Config) publicURL(addr string) string {
	if c.PublicURL != "" {
		return strings.TrimRight(c.PublicURL, "/")
	}
	return "http://" + loopback(addr)
}

// loopback is where this machine finds what listens on addr.
func loopback(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.Is6() && !ip.Is4In6() {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port)
}
