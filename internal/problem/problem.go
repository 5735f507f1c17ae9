// Package problem has the expected outcomes of operations: their codes, the rules of inputs, and the reasons why a time is not offered.
// It is the vocabulary that catalogue, portal and graph share.
package problem

import (
	"errors"
	"fmt"
	"time"

	"nelke/internal/form"
	"nelke/internal/store"
)

// Code says for programs why a write did not take place.
type Code string

// The codes, as the graph shows them.
const (
	NotFound              Code = "NOT_FOUND"
	Forbidden             Code = "FORBIDDEN"
	Unauthenticated       Code = "UNAUTHENTICATED"
	InvalidInput          Code = "INVALID_INPUT"
	IdempotencyKeyReused  Code = "IDEMPOTENCY_KEY_REUSED"
	WrongState            Code = "WRONG_STATE"
	SlotTaken             Code = "SLOT_TAKEN"
	SlotNotOffered        Code = "SLOT_NOT_OFFERED"
	HoldExpired           Code = "HOLD_EXPIRED"
	HoldAlreadyExtended   Code = "HOLD_ALREADY_EXTENDED"
	HoldLimit             Code = "HOLD_LIMIT"
	AppointmentLimit      Code = "APPOINTMENT_LIMIT"
	NoticeNotAcknowledged Code = "NOTICE_NOT_ACKNOWLEDGED"
	NoAppointments        Code = "NO_APPOINTMENTS"
	CounterBusy           Code = "COUNTER_BUSY"
	NobodyWaiting         Code = "NOBODY_WAITING"
	RateLimited           Code = "RATE_LIMITED"

	ServiceClosed           Code = "SERVICE_CLOSED"
	TrustRequired           Code = "TRUST_REQUIRED"
	DraftLimit              Code = "DRAFT_LIMIT"
	PaymentLimit            Code = "PAYMENT_LIMIT"
	InformationNotConfirmed Code = "INFORMATION_NOT_CONFIRMED"
	AnswersInvalid          Code = "ANSWERS_INVALID"
	StaleRevision           Code = "STALE_REVISION"
	NotReviewed             Code = "NOT_REVIEWED"
	FeeUnpaid               Code = "FEE_UNPAID"
	NothingDue              Code = "NOTHING_DUE"
	PaymentUnderWay         Code = "PAYMENT_UNDER_WAY"
	MethodNotOffered        Code = "METHOD_NOT_OFFERED"
	AlreadyClaimed          Code = "ALREADY_CLAIMED"
	WebhooksOff             Code = "WEBHOOKS_OFF"
	CursorOutdated          Code = "CURSOR_OUTDATED" // of queries alone
)

// Rule says which rule a value of an input breaks, for the words that a person reads.
type Rule string

// The rules of inputs.
const (
	RuleOneOf      Rule = "ONE_OF"       // exactly one of the fields
	RuleAnyOf      Rule = "ANY_OF"       // at least one of the fields
	RuleLength     Rule = "LENGTH"       // Min to Max characters
	RuleRange      Rule = "RANGE"        // Min to Max
	RuleCaseKey    Rule = "CASE_KEY"     // 43 characters of base64url
	RuleEmail      Rule = "EMAIL"        // needed for a reminder
	RulePast       Rule = "PAST"         // not before today
	RuleOrder      Rule = "ORDER"        // the end after the start
	RuleCombinable Rule = "COMBINABLE"   // the service takes an appointment of its own
	RuleSpan       Rule = "SPAN"         // at most Max minutes together
	RuleDuplicate  Rule = "DUPLICATE"    // the same thing twice
	RuleChannel    Rule = "CHANNEL"      // not ONLINE
	RuleText       Rule = "TEXT"         // broken text, control characters, or a second line where there is one
	RuleName       Rule = "NAME"         // given name, family name, or both
	RuleEmailForm  Rule = "EMAIL_FORM"   // an address that a mailer could write to
	RuleEmailLocal Rule = "EMAIL_LOCAL"  // ASCII before the @
	RuleCursor     Rule = "CURSOR"       // not a cursor of this connection
	RuleFile       Rule = "FILE"         // the town's file says so, and may say otherwise
	RuleFiles      Rule = "FILES"        // what the town's file says holds anyway
	RuleDay        Rule = "DAY"          // on the day of the appointment only
	RuleOutdated   Rule = "NOT_IN_FORCE" // not the notice in force
	RuleReturn     Rule = "RETURN_URL"   // not a page of an origin that may call the service
	RuleDispatch   Rule = "DISPATCH"     // how it was sent must be said, for what goes by post
	RuleFuture     Rule = "FUTURE"       // not after today
	RuleEnded      Rule = "ENDED"        // the operator of the payment method has stopped
	RuleOverlap    Rule = "OVERLAP"      // shares a time with another row of the list
	RuleGrid       Rule = "GRID"         // a multiple of five minutes
	RuleBreak      Rule = "BREAK"        // a break lies inside its span
	RuleInside     Rule = "INSIDE"       // a counter's hours lie within the office's, its public ones within its own
	RuleCounter    Rule = "COUNTER"      // only for a counter
	RuleCount      Rule = "COUNT"        // there are Max already
	RulePartnerKey Rule = "PARTNER_KEY"  // nelke_partner_ and 43 characters of base64url
	RuleHTTPS      Rule = "HTTPS"        // not an address that webhooks go to
	RuleHost       Rule = "HOST"         // its host isn't known
	RulePublic     Rule = "PUBLIC"       // its host isn't on the public internet
	RuleDate       Rule = "DATE"         // a date like 2026-11-22
	RuleTime       Rule = "TIME"         // a time like 08:30
	RuleMonths     Rule = "MONTHS"       // at most Max months together
	RuleFeedback   Rule = "FEEDBACK"     // a rating, a message, or both
	RulePhone      Rule = "PHONE"        // a phone number with its area code
)

// Problem is an expected outcome of a write that kept it from taking place. It is an error only on its way out.
type Problem struct {
	Code         Code
	Path         []string      // the input field at fault, from the root of the arguments
	Rule         Rule          // for INVALID_INPUT
	Min, Max     int           // of Rule
	Reason       Reason        // for SLOT_TAKEN and SLOT_NOT_OFFERED
	Alternatives []time.Time   // the same: nearest free starts
	RetryAfter   time.Duration // for RATE_LIMITED
	Faults       []form.Fault  // for ANSWERS_INVALID, at Path: each is a problem of its own to whoever reads them
	Clerk        string        // for ALREADY_CLAIMED: name of who did
}

// Error returns the code, for logs.
func (p *Problem) Error() string {
	if p.Rule != "" {
		return string(p.Code) + " " + string(p.Rule)
	}
	return string(p.Code)
}

// Reason says why a day or a time is not offered.
type Reason string

// The reasons, as the graph shows them.
const (
	ReasonClosed             Reason = "CLOSED"
	ReasonHoliday            Reason = "HOLIDAY"
	ReasonFull               Reason = "FULL"
	ReasonTooSoon            Reason = "TOO_SOON"
	ReasonTooFar             Reason = "TOO_FAR"
	ReasonNoQualifiedCounter Reason = "NO_QUALIFIED_COUNTER"
	ReasonOffGrid            Reason = "OFF_GRID"
	ReasonTimeout            Reason = "TIMEOUT"
	ReasonNotOffered         Reason = "NOT_OFFERED"
	ReasonLater              Reason = "LATER"
)

// New returns the problem of a code, with the path of the input field at fault from the root of the arguments, if it is one's:
// New(NotFound, "input", "application").
func New(code Code, path ...string) *Problem { return &Problem{Code: code, Path: path} }

// Invalid returns the problem INVALID_INPUT of a rule that the field at the path breaks.
func Invalid(rule Rule, path ...string) *Problem {
	return &Problem{Code: InvalidInput, Rule: rule, Path: path}
}

// Wrap names a function and its arguments, by a format of fmt, in an error that nobody expects: "Office(office_1): connection
// refused". It is deferred with the function's named result. A Problem is an expected outcome and stays as it is, without
// whatever was wrapped around it; nil stays nil.
func Wrap(err *error, format string, args ...any) {
	if *err == nil {
		return
	}
	if found := (*Problem)(nil); errors.As(*err, &found) {
		*err = found
		return
	}
	*err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *err)
}

// Unavailable reports whether an error may be gone when the same request is sent again: the database can't be reached, or
// can't work just now.
func Unavailable(err error) bool { return store.Unavailable(err) }
