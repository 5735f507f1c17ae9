package portal

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"nelke/ent/application"
	"nelke/ent/payment"
	"nelke/ent/schema"
	"nelke/internal/schedule"
)

// due is what the application costs at an instant, in cents: as it was when it was submitted, or when the payment that is
// under way or done was started, or else by today's price.
func (f *file) due(now time.Time) (int, error) {
	switch frozen := oneOf(f.payments, payment.StatusCREATED, payment.StatusPENDING, payment.StatusPAID); {
	case f.DueCents != nil:
		return *f.DueCents, nil
	case frozen != nil && f.Status == application.StatusDRAFT:
		return frozen.Cents, nil
	}
	return f.price(f.service.Town.Today(now))
}

// price is what the application costs by the price of a day with its answers, in cents. Answers that free from the fee, and
// further copies, are named by pointers that belong to its form; before there are answers it is the price of one.
func (f *file) price(day schedule.Date) (int, error) {
	fee := f.service.FeeOn(day)
	if fee == nil {
		return 0, nil
	}
	var given any
	if f.Answers != "" {
		if err := json.Unmarshal([]byte(f.Answers), &given); err != nil {
			return 0, fmt.Errorf("answers: %w", err)
		}
	}
	rules := schema.FeeRules{}
	if form := f.service.FormByID(f.FormID); form != nil {
		rules = form.FeeRules
	}
	for pointer, free := range rules.FreeWhen {
		if value, ok := at(given, pointer).(string); ok && slices.Contains(free, value) {
			return 0, nil
		}
	}
	cents := fee.Cents
	if copies, ok := at(given, rules.Copies).(float64); ok && copies > 1 {
		further := fee.Cents
		if fee.FurtherCopyCents != nil {
			further = *fee.FurtherCopyCents
		}
		cents += (int(copies) - 1) * further
	}
	return cents, nil
}

// at returns the answer at a JSON pointer through objects (RFC 6901); nil where there is none.
func at(answers any, pointer string) any {
	if pointer == "" {
		return nil
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		object, ok := answers.(map[string]any)
		if !ok {
			return nil
		}
		answers = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
	}
	return answers
}
