package scalar

import (
	"context"
	"io"
	"regexp"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"nelke/ent/appointment"
	"nelke/ent/feedback"
	"nelke/ent/publicservice"
	"nelke/ent/schema"
	"nelke/ent/townpage"
	"nelke/internal/identity"
	"nelke/internal/portal"
	"nelke/internal/problem"
)

type languageKey struct{}

// WithLanguage returns a context whose texts are in a language ("de", "en").
func WithLanguage(ctx context.Context, language string) context.Context {
	return context.WithValue(ctx, languageKey{}, language)
}

// LanguageOf is the language of texts in a context; German where none was set.
func LanguageOf(ctx context.Context) string {
	if language, ok := ctx.Value(languageKey{}).(string); ok {
		return language
	}
	return "de"
}

// MarshalText writes a text in the language of the request, in German where there is no other; no text is null.
func MarshalText(t schema.Text) graphql.ContextMarshaler {
	return graphql.ContextWriterFunc(func(ctx context.Context, w io.Writer) error {
		s, ok := t[LanguageOf(ctx)]
		if !ok {
			s, ok = t["de"]
		}
		if !ok {
			graphql.Null.MarshalGQL(w)
			return nil
		}
		graphql.MarshalString(s).MarshalGQL(w)
		return nil
	})
}

// UnmarshalText refuses: texts in several languages come as TextInput.
func UnmarshalText(context.Context, any) (schema.Text, error) {
	return nil, refuse("a text in several languages is an input of its own")
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// MarshalUUID writes a UUID.
func MarshalUUID(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalUUID reads a UUID in its canonical form, in lower or upper case; it is kept in lower case.
func UnmarshalUUID(v any) (string, error) {
	s, err := text(v)
	if err != nil {
		return "", err
	}
	if s = strings.ToLower(s); !uuid.MatchString(s) {
		return "", refuse("not a UUID like 5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11")
	}
	return s, nil
}

// MarshalEmail writes an e-mail address; the empty one is null.
func MarshalEmail(s string) graphql.Marshaler { return orNull(s) }

// UnmarshalEmail reads what was typed as an e-mail address; the portal judges it.
func UnmarshalEmail(v any) (string, error) { return text(v) }

// MarshalPhone writes a phone number; the empty one is null.
func MarshalPhone(s string) graphql.Marshaler { return orNull(s) }

// UnmarshalPhone reads what was typed as a phone number; the portal judges it.
func UnmarshalPhone(v any) (string, error) { return text(v) }

func orNull(s string) graphql.Marshaler {
	if s == "" {
		return graphql.Null
	}
	return graphql.MarshalString(s)
}

// MarshalWord writes an enum value that is kept as text.
func MarshalWord(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalWord reads an enum value: it is one, the names are compared before.
func UnmarshalWord(v any) (string, error) { return text(v) }

// MarshalLanguage writes a language, kept as "de" or "en".
func MarshalLanguage(s string) graphql.Marshaler { return graphql.MarshalString(strings.ToUpper(s)) }

// UnmarshalLanguage reads a language.
func UnmarshalLanguage(v any) (string, error) {
	s, err := text(v)
	return strings.ToLower(s), err
}

// MarshalRole writes a role.
func MarshalRole(r identity.Role) graphql.Marshaler { return graphql.MarshalString(r.String()) }

// UnmarshalRole refuses: roles come by token only.
func UnmarshalRole(any) (identity.Role, error) { return 0, refuse("roles come by token only") }

// MarshalActorKind writes a kind of caller.
func MarshalActorKind(k identity.Kind) graphql.Marshaler {
	switch k {
	case identity.CaseHolder:
		return graphql.MarshalString("CASE_HOLDER")
	case identity.Staff:
		return graphql.MarshalString("STAFF")
	case identity.Partner:
		return graphql.MarshalString("PARTNER")
	default:
		return graphql.MarshalString("ANONYMOUS")
	}
}

// UnmarshalActorKind refuses: it is never an input.
func UnmarshalActorKind(any) (identity.Kind, error) { return 0, refuse("never an input") }

// MarshalProblemCode writes a problem's code.
func MarshalProblemCode(c problem.Code) graphql.Marshaler { return graphql.MarshalString(string(c)) }

// UnmarshalProblemCode refuses: it is never an input.
func UnmarshalProblemCode(any) (problem.Code, error) { return "", refuse("never an input") }

// MarshalReason writes why something isn't offered; the empty reason is null.
func MarshalReason(r problem.Reason) graphql.Marshaler { return orNull(string(r)) }

// UnmarshalReason refuses: it is never an input.
func UnmarshalReason(any) (problem.Reason, error) { return "", refuse("never an input") }

// MarshalAppointmentStatus writes a state.
func MarshalAppointmentStatus(s appointment.Status) graphql.Marshaler {
	return graphql.MarshalString(string(s))
}

// UnmarshalAppointmentStatus reads a state.
func UnmarshalAppointmentStatus(v any) (appointment.Status, error) {
	s, err := text(v)
	return appointment.Status(s), err
}

// MarshalAppointmentChannel writes a channel.
func MarshalAppointmentChannel(c appointment.Channel) graphql.Marshaler {
	return graphql.MarshalString(string(c))
}

// UnmarshalAppointmentChannel reads a channel.
func UnmarshalAppointmentChannel(v any) (appointment.Channel, error) {
	s, err := text(v)
	return appointment.Channel(s), err
}

// MarshalDelivery writes a delivery method.
func MarshalDelivery(d publicservice.Delivery) graphql.Marshaler {
	return graphql.MarshalString(string(d))
}

// UnmarshalDelivery refuses: it is never an input.
func UnmarshalDelivery(any) (publicservice.Delivery, error) { return "", refuse("never an input") }

// MarshalTrust writes a trust level.
func MarshalTrust(t publicservice.Trust) graphql.Marshaler { return graphql.MarshalString(string(t)) }

// UnmarshalTrust refuses: it is never an input.
func UnmarshalTrust(any) (publicservice.Trust, error) { return "", refuse("never an input") }

// MarshalFeedbackSubject writes what feedback is about.
func MarshalFeedbackSubject(a feedback.About) graphql.Marshaler {
	return graphql.MarshalString(string(a))
}

// UnmarshalFeedbackSubject reads it.
func UnmarshalFeedbackSubject(v any) (feedback.About, error) {
	s, err := text(v)
	return feedback.About(s), err
}

// MarshalPageKind writes what a page is about.
func MarshalPageKind(k townpage.Kind) graphql.Marshaler { return graphql.MarshalString(string(k)) }

// UnmarshalPageKind reads it.
func UnmarshalPageKind(v any) (townpage.Kind, error) {
	s, err := text(v)
	return townpage.Kind(s), err
}

// MarshalChanged writes what a thing of the catalogue is.
func MarshalChanged(t portal.ChangeType) graphql.Marshaler { return graphql.MarshalString(string(t)) }

// UnmarshalChanged reads it.
func UnmarshalChanged(v any) (portal.ChangeType, error) {
	s, err := text(v)
	return portal.ChangeType(s), err
}
