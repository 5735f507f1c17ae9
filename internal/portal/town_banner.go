package portal

import (
	"context"
	"time"

	"nelke/ent"
	"nelke/internal/catalogue"
	"nelke/internal/live"
	"nelke/internal/problem"
)

// SetBannerInput is what all of a town's pages say on top for a while.
type SetBannerInput struct {
	IdempotencyKey string
	Municipality   string
	Text           TextInput
	From           *time.Time
	To             *time.Time
}

const maxBanner = 500

// SetBanner has all of a town's pages say something on top, at once or within a window, in place of what was set before. It shows and
// ends by itself. An import leaves it alone.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, INVALID_INPUT.
func (p *Portal) SetBanner(ctx context.Context, in SetBannerInput) (_ *catalogue.Town, err error) {
	defer problem.Wrap(&err, "SetBanner(%s)", in.Municipality)

	if err := in.Text.clean(1, maxBanner, "input", "text"); err != nil {
		return nil, err
	}
	if in.From != nil && in.To != nil && !in.From.Before(*in.To) {
		return nil, problem.Invalid(problem.RuleOrder, "input", "to")
	}
	return p.changeBanner(ctx, request{operation: "setBanner", key: in.IdempotencyKey, id: in.Municipality, input: in}, func(ctx context.Context, tx *Tx, m *ent.Municipality) (change, error) {
		if in.To != nil && !in.To.After(tx.now) {
			return change{}, problem.Invalid(problem.RulePast, "input", "to")
		}
		update := tx.Municipality.UpdateOneID(m.ID).SetBannerText(in.Text.text())
		// Set or clear, never both: PostgreSQL refuses a column that is assigned twice.
		update.SetNillableBannerFrom(in.From).SetNillableBannerTo(in.To)
		if in.From == nil {
			update.ClearBannerFrom()
		}
		if in.To == nil {
			update.ClearBannerTo()
		}
		return change{subject: m.ID, action: "municipality.banner_set", before: bannerState(m), after: bannerSet, left: in}, update.Exec(ctx)
	})
}

// RemoveBannerInput names a town.
type RemoveBannerInput struct {
	IdempotencyKey string
	Municipality   string
}

// RemoveBanner takes back what a town's pages say on top, or would say later.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, WRONG_STATE (there is none).
func (p *Portal) RemoveBanner(ctx context.Context, in RemoveBannerInput) (_ *catalogue.Town, err error) {
	defer problem.Wrap(&err, "RemoveBanner(%s)", in.Municipality)

	return p.changeBanner(ctx, request{operation: "removeBanner", key: in.IdempotencyKey, id: in.Municipality, input: in}, func(ctx context.Context, tx *Tx, m *ent.Municipality) (change, error) {
		if bannerState(m) != bannerSet {
			return change{}, problem.New(problem.WrongState, "input", "municipality")
		}
		return change{subject: m.ID, action: "municipality.banner_removed", before: bannerSet, left: in},
			tx.Municipality.UpdateOneID(m.ID).ClearBannerText().ClearBannerFrom().ClearBannerTo().Exec(ctx)
	})
}

// bannerSet is the state of a banner in events; there is none otherwise.
const bannerSet = "SET"

func bannerState(m *ent.Municipality) string {
	if len(m.BannerText) == 0 {
		return ""
	}
	return bannerSet
}

// changeBanner runs an administrator's write on the banner of a town, whose row is locked.
func (p *Portal) changeBanner(ctx context.Context, r request, work func(context.Context, *Tx, *ent.Municipality) (change, error)) (*catalogue.Town, error) {
	m, err := p.administered(ctx, r.id, "input", "municipality")
	if err != nil {
		return nil, err
	}
	_, err = p.once(ctx, r, func(ctx context.Context, tx *Tx) (string, error) {
		if err := tx.tick(ctx); err != nil {
			return "", err
		}
		m, err := tx.lockTown(ctx, m.ID)
		if err != nil {
			return "", err
		}
		ch, err := work(ctx, tx, m)
		if err != nil {
			return "", err
		}
		tx.nudge(live.Catalogue(m.ID))
		return m.ID, tx.recordTown(ctx, m, ch)
	})
	if err != nil {
		return nil, err
	}
	return catalogue.ReadTown(ctx, p.store.Reader(), m.ID, p.clock())
}
