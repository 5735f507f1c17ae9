package portal

import (
	"context"
	"errors"

	"nelke/internal/identity"
	"nelke/internal/problem"
)

// ErrNotOfDemo says that a database has towns or cases and wasn't made by a demo.
var ErrNotOfDemo = errors.New("the database has towns or cases, and no demo made it")

// demoName is the name of the mark.
const demoName = "demo"

// BeginDemo marks an empty database as one of a demo, before anything is written into it. A database that is marked stays so.
//
// Errors: ErrNotOfDemo.
func (p *Portal) BeginDemo(ctx context.Context) (err error) {
	defer problem.Wrap(&err, "BeginDemo")

	if marked, err := p.OfDemo(ctx); err != nil || marked {
		return err
	}
	return p.write(identity.WithActor(ctx, identity.Actor{}), func(ctx context.Context, tx *Tx) error {
		if err := tx.tick(ctx); err != nil {
			return err
		}
		a := tx.Args()
		n, err := tx.exec(ctx, a, `INSERT INTO demo_marks (name, at) VALUES (`+a.Bind(demoName)+`, `+a.Bind(tx.now)+`) ON CONFLICT (name) DO NOTHING`)
		if err != nil || n == 0 { // another process of the demo was quicker
			return err
		}
		towns, err := tx.Municipality.Query().Exist(ctx)
		if err != nil {
			return err
		}
		cases, err := tx.CaseFile.Query().Exist(ctx)
		if err == nil && (towns || cases) {
			err = ErrNotOfDemo
		}
		return err
	})
}

// OfDemo reports whether a demo has made the database.
func (p *Portal) OfDemo(ctx context.Context) (marked bool, err error) {
	defer problem.Wrap(&err, "OfDemo")

	return p.store.Reader().DemoMark.Query().Exist(ctx)
}
