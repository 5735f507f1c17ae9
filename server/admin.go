package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"nelke/data"
	"nelke/graph"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/portal"
	"nelke/internal/town"
)

// Migrate brings the database into form, and says how many migrations it took. With check it only counts.
func Migrate(ctx context.Context, cfg Config, check bool) (pending int, err error) {
	p, err := openParts(ctx, cfg, false)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if pending, err = p.store.Pending(ctx); err != nil || check {
		return pending, err
	}
	return pending, p.store.Migrate(ctx)
}

// Imported is what became of one file.
type Imported struct {
	File    string
	Changed bool // false: the town was as the file says already
}

// Import writes the towns at the paths, after all of them have been read and found right: files, and folders, of which
// every .yaml is a town. All of them are written, or none. Processes that serve at the same time hear of it through Redis,
// or within ten seconds.
//
// Errors: *town.Faults, or several of them joined.
func Import(ctx context.Context, cfg Config, paths []string) (done []Imported, err error) {
	towns, err := town.LoadAll(paths)
	if err != nil {
		return nil, err
	}
	p, err := openParts(ctx, cfg, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.migrate(ctx); err != nil {
		return nil, err
	}
	if cfg.Demo {
		if err := p.claimDemo(ctx); err != nil {
			return nil, err
		}
	}
	changed, err := p.portal.Import(ctx, towns...)
	if err != nil {
		return nil, faultsAlone(err)
	}
	for n, t := range towns {
		done = append(done, Imported{t.File(), changed[n]})
	}
	return done, nil
}

// faultsAlone leaves out of an error what stands around the faults of files, which say by themselves where they are.
func faultsAlone(err error) error {
	faults := (*town.Faults)(nil)
	if errors.As(err, &faults) {
		return faults
	}
	return err
}

// Audit checks the chains of events.
func Audit(ctx context.Context, cfg Config) (events int, faults []portal.Fault, err error) {
	p, err := openParts(ctx, cfg, false)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	return p.portal.Audit(ctx)
}

// Restored begins a new epoch of the database, after it was put back from a copy, and returns its name.
func Restored(ctx context.Context, cfg Config) (epoch string, err error) {
	p, err := openParts(ctx, cfg, false)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.migrate(ctx); err != nil {
		return "", err
	}
	return p.portal.Restored(ctx)
}

// UnknownPayments lists money that the provider has taken and that no payment explains.
func UnknownPayments(ctx context.Context, cfg Config) (list []portal.UnknownPayment, err error) {
	p, err := openParts(ctx, cfg, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	return p.portal.UnknownPayments(ctx)
}

// Token mints a staff token of the demo, which a service with the same NELKE_DATA, NELKE_ADDR and NELKE_PUBLIC_URL
// accepts. Roles are "ROLE@ARS".
func Token(cfg Config, subject, name string, roles []string, ttl time.Duration) (string, error) {
	if err := cfg.Check(); err != nil {
		return "", err
	}
	if !cfg.Demo {
		return "", errors.New("tokens are minted for the demo only: --demo")
	}
	demo, err := openDemo(cfg, cfg.Addr)
	if err != nil {
		return "", err
	}
	return demo.Mint(subject, name, roles, ttl)
}

// openDemo opens the demo's issuer for a service that listens on addr.
func openDemo(cfg Config, addr string) (*identity.DemoIssuer, error) {
	return identity.OpenDemoIssuer(filepath.Join(cfg.Data, "demo-issuer.json"), cfg.publicURL(addr)+demoPath, cfg.Audience, cfg.clock())
}

// settle gives the demo its town, if the database has none.
func (p *parts) settle(ctx context.Context) error {
	if !p.cfg.Demo {
		return nil
	}
	there, err := p.store.Reader().Municipality.Query().Exist(ctx)
	if err != nil || there {
		return err
	}
	blomberg, err := town.Load(data.Towns, data.Blomberg)
	if err != nil {
		return err
	}
	_, err = p.portal.Import(ctx, blomberg)
	return err
}

// welcome writes what to try first.
func welcome(ctx context.Context, out io.Writer, p *parts, addr string) error {
	url := p.cfg.publicURL(addr)
	demo, err := openDemo(p.cfg, addr)
	if err != nil {
		return err
	}
	slug := "blomberg"
	m, err := p.portal.Municipality(ctx, catalogue.MunicipalityKey{Slug: &slug})
	if err != nil {
		return err
	}
	if m == nil || len(m.Offices) == 0 {
		_, err = fmt.Fprintf(out, "Nelke is at %s\n", url)
		return err
	}
	if _, err = fmt.Fprintf(out, `Nelke is at %[1]s

What %[2]s offers:

curl -s %[1]s/graphql -H 'Content-Type: application/json' -d '{"query":"{ publicServices(first: 50, filter: {ars: \"%[3]s\"}) { nodes { name fee { amount { cents } } appointmentMinutes } } }"}'

`, url, m.Name, m.Ars); err != nil {
		return err
	}
	if !p.cfg.Options.Terminal { // a container's log, say, which others read
		_, err = fmt.Fprintf(out, "A clerk's token, by the same NELKE_DATA, NELKE_ADDR and NELKE_PUBLIC_URL:\n\nnelke token --role CLERK@%s\n", m.Ars)
		return err
	}
	token, err := demo.Mint("demo-clerk", "Demo Clerk", []string{"CLERK@" + m.Ars}, 12*time.Hour)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(m.TimeZone)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, `A clerk's token, for twelve hours:

%[2]s

The clerk's day:

curl -s %[1]s/graphql -H 'Content-Type: application/json' -H 'Authorization: Bearer %[2]s' -d '{"query":"{ appointmentBoard(office: \"%[3]s\", date: \"%[4]s\") { office { name } waiting counters { counter { label } } appointments { start status } } }"}'
`, url, token, m.Offices[0].ID, p.now().In(zone).Format(time.DateOnly))
	return err
}

// SDL is the schema of the subgraph, as gateways compose it.
func SDL() string { return graph.SDL() }

// API is the schema as clients see it.
func API() string { return graph.API() }
