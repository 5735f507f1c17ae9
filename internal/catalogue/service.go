package catalogue

import (
	"slices"
	"time"

	"nelke/ent"
	"nelke/internal/schedule"
)

// Service is a public service with its prices and forms.
type Service struct {
	*ent.PublicService
	Town *Town
	Fees []*ent.Fee  // ascending by first day
	Form *ent.Form   // the newest
	Old  []*ent.Form // those before
}

// FormByID returns one version of the service's form; nil where there is none.
func (s *Service) FormByID(id string) *ent.Form {
	if s.Form != nil && s.Form.ID == id {
		return s.Form
	}
	if i := slices.IndexFunc(s.Old, func(f *ent.Form) bool { return f.ID == id }); i >= 0 {
		return s.Old[i]
	}
	return nil
}

// OpenAt reports whether the service can be applied for online at an instant.
func (s *Service) OpenAt(now time.Time) bool {
	return slices.Contains(s.Channels, "ONLINE") && !s.Closed &&
		(s.OpensAt == nil || !now.Before(*s.OpensAt)) && (s.ClosesAt == nil || now.Before(*s.ClosesAt))
}

// DemandsTrust reports whether the town demands more proof of who applies than a case key gives.
func (s *Service) DemandsTrust() bool {
	return s.Town.EnforceTrust && (s.Trust.String() == "SUBSTANTIAL" || s.Trust.String() == "HIGH")
}

// place sorts a service among all, by its town's slug, the town's order and its id.
func (s *Service) place() string {
	const digits = "0123456789"
	n := s.Position
	return s.Town.Slug + "\x00" + string([]byte{digits[n/1000%10], digits[n/100%10], digits[n/10%10], digits[n%10]}) + "\x00" + s.ID
}

// DaysToProcess is within how many days the office decides on an application: the service's own figure, or the town's.
func (s *Service) DaysToProcess() int {
	if s.ProcessingDays != nil {
		return *s.ProcessingDays
	}
	return s.Town.ProcessingDays
}

// FeeOn returns the price on a day; nil when free.
func (s *Service) FeeOn(day schedule.Date) *ent.Fee {
	for i := len(s.Fees) - 1; i >= 0; i-- {
		f := s.Fees[i]
		if Date(f.ValidFrom).Compare(day) <= 0 {
			if f.Cents == 0 || f.ValidTo != "" && Date(f.ValidTo).Before(day) {
				return nil
			}
			return f
		}
	}
	return nil
}

// Fee returns today's price; nil when free.
func (r *Reader) Fee(s *Service) *ent.Fee { return s.FeeOn(s.Town.Today(r.clock())) }

// Open reports whether a service can be applied for online now.
func (r *Reader) Open(s *Service) bool { return s.OpenAt(r.clock()) }

// FeesFrom returns today's price and those to come, ascending, free ones included.
func (r *Reader) FeesFrom(s *Service) []*ent.Fee {
	today := s.Town.Today(r.clock()).String()
	return slices.DeleteFunc(slices.Clone(s.Fees), func(f *ent.Fee) bool { return f.ValidTo != "" && f.ValidTo < today })
}
