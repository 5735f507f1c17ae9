package portal

import (
	"context"
	"encoding/json"
	"time"

	"nelke/ent/appointment"
	"nelke/ent/schema"
	"nelke/internal/cache"
	"nelke/internal/catalogue"
	"nelke/internal/schedule"
)

// figures are what is counted of a service in a month, or of a town as a whole. They are not for the public: see shownFigures.
type figures struct {
	Views     map[string]int // by page
	Visits    int
	Refused   int
	Begun     int
	Submitted int
	Booked    int
	Abandoned map[string]int // by step
	Decided   int
	Days      float64 // that the decided ones took together
	Ratings   [5]int  // from 1 to 5
}

// month are the figures of a town in a month, by id of the service; of the town as a whole under the empty one.
type month map[string]*figures

// of returns the figures of the town and of a service, to be added to.
func (m month) of(service string) [2]*figures {
	both := [2]*figures{}
	for i, id := range []string{"", service} {
		if m[id] == nil {
			m[id] = &figures{Views: map[string]int{}, Abandoned: map[string]int{}}
		}
		both[i] = m[id]
	}
	return both
}

// known returns the figures of a service, or of the town, to be read: a month that is remembered is many readers'.
func (m month) known(service string) *figures {
	if f := m[service]; f != nil {
		return f
	}
	return &figures{}
}

// monthAge is how long the figures of a month that is over are remembered: they hardly change. Those of the present one are
// remembered for QualityAge.
const monthAge = 24 * time.Hour

// figuresOf reads the figures of a town in the month that begins on a day, remembered for a while.
func (p *Portal) figuresOf(ctx context.Context, t *catalogue.Town, first schedule.Date) (month, error) {
	still := func(context.Context, month) (bool, error) { return true, nil }
	return cache.Renew(ctx, p.cache, "quality:"+t.ID+":"+first.String(), nil, still, func(ctx context.Context) (month, time.Time, error) {
		m := month{}
		from, to := first.Midnight(t.Zone), nextMonth(first).Midnight(t.Zone)
		for _, read := range []func() error{
			func() error { return p.readVisits(ctx, t.ID, first.String()[:len("2006-01")], m) },
			func() error { return p.readApplications(ctx, t.ID, from, to, m) },
			func() error { return p.readBookings(ctx, t.ID, from, to, m) },
			func() error { return p.readRatings(ctx, t.ID, from, to, m) },
		} {
			if err := read(); err != nil {
				return nil, time.Time{}, err
			}
		}
		now, age := p.clock(), QualityAge
		if !now.Before(to) {
			age = monthAge
		}
		return m, now.Add(age), nil
	})
}

func (p *Portal) readVisits(ctx context.Context, town, name string, m month) error {
	a := p.store.Args()
	var service, page string
	var views, visits int
	return p.store.Each(ctx, `SELECT service_id, page, views, visits FROM visit_counts WHERE municipality_id = `+a.Bind(town)+` AND month = `+a.Bind(name),
		a.List(), []any{&service, &page, &views, &visits}, func() {
			f := m.of(service)[1] // the town's own are counted beside
			switch page {
			case pageAll:
				f.Visits = visits
			case pageRefused:
				f.Refused = views
			default:
				f.Views[page] = views
			}
		})
}

func (p *Portal) readApplications(ctx context.Context, town string, from, to time.Time, m month) error {
	a := p.store.Args()
	t, begin, end := a.Bind(town), a.Bind(from), a.Bind(to)
	within := func(column string) string { return column + ` >= ` + begin + ` AND ` + column + ` < ` + end }
	var row draftRow
	in := func(at *time.Time) bool { return at != nil && !at.Before(from) && at.Before(to) }
	return p.store.Each(ctx, `SELECT a.service_id, a.started_at, a.submitted_at, a.ended_at, a.information_at, c.notice_at, a.revision, a.reviewed_revision
		FROM applications a JOIN cases c ON c.id = a.case_id WHERE a.municipality_id = `+t+` AND (`+
		within("a.started_at")+` OR `+within("a.submitted_at")+` OR `+within("a.ended_at")+`)`,
		a.List(), row.columns(), func() {
			for _, f := range m.of(row.service) {
				if in(&row.started) {
					f.Begun++
				}
				if in(row.submitted) {
					f.Submitted++
				}
				switch {
				case !in(row.ended):
				case row.submitted == nil:
					f.Abandoned[row.step()]++
				default:
					f.Decided++
					f.Days += row.ended.Sub(*row.submitted).Hours() / 24
				}
			}
		})
}

// draftRow is what is read of an application.
type draftRow struct {
	service                                   string
	started                                   time.Time
	submitted, ended, informationAt, noticeAt *time.Time
	revision, reviewed                        int
}

func (d *draftRow) columns() []any {
	return []any{&d.service, &d.started, &d.submitted, &d.ended, &d.informationAt, &d.noticeAt, &d.revision, &d.reviewed}
}

// The steps at which people leave.
const (
	leftAtInformation = "INFORMATION"
	leftAtPrivacy     = "PRIVACY"
	leftAtAnswers     = "ANSWERS"
	leftAtReview      = "REVIEW"
	leftAtSending     = "SENDING"
)

// leavingSteps are these steps in the order in which people take them.
func leavingSteps() []string {
	return []string{leftAtInformation, leftAtPrivacy, leftAtAnswers, leftAtReview, leftAtSending}
}

// step returns the step that stood open when the draft ended.
func (d *draftRow) step() string {
	switch {
	case d.informationAt == nil:
		return leftAtInformation
	case d.noticeAt == nil:
		return leftAtPrivacy
	case d.revision == 0:
		return leftAtAnswers
	case d.reviewed < d.revision:
		return leftAtReview
	default:
		return leftAtSending
	}
}

func (p *Portal) readBookings(ctx context.Context, town string, from, to time.Time, m month) error {
	a := p.store.Args()
	var concerns string
	var broken error
	err := p.store.Each(ctx, `SELECT CAST(concerns AS text) FROM appointments WHERE municipality_id = `+a.Bind(town)+` AND channel = `+
		a.Bind(appointment.ChannelONLINE.String())+` AND booked_at >= `+a.Bind(from)+` AND booked_at < `+a.Bind(to),
		a.List(), []any{&concerns}, func() {
			var list []schema.Concern
			if err := json.Unmarshal([]byte(concerns), &list); err != nil {
				broken = err
				return
			}
			m.of("")[0].Booked++
			for _, c := range list {
				m.of(c.Service)[1].Booked++
			}
		})
	if err == nil {
		err = broken
	}
	return err
}

func (p *Portal) readRatings(ctx context.Context, town string, from, to time.Time, m month) error {
	a := p.store.Args()
	var service string
	var rating, n int
	return p.store.Each(ctx, `SELECT service_id, satisfaction, count(*) FROM feedback WHERE municipality_id = `+a.Bind(town)+
		` AND satisfaction IS NOT NULL AND at >= `+a.Bind(from)+` AND at < `+a.Bind(to)+` GROUP BY service_id, satisfaction`,
		a.List(), []any{&service, &rating, &n}, func() {
			m.of("")[0].Ratings[rating-1] += n
			if service != "" {
				m.of(service)[1].Ratings[rating-1] += n
			}
		})
}
