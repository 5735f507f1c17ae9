package portal

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/ent"
)

// Every column that ent lets a row change is in the list that a write saves, with the value of its own field: a new field of
// ent/schema fails here until it is.
func TestEveryColumnThatCanChangeIsSaved(t *testing.T) {
	t.Parallel()
	t.Run("appointment", func(t *testing.T) {
		t.Parallel()
		savesAll[ent.Appointment, ent.AppointmentUpdateOne](t, appointmentColumns)
	})
	t.Run("application", func(t *testing.T) {
		t.Parallel()
		savesAll[ent.Application, ent.ApplicationUpdateOne](t, applicationColumns)
	})
	t.Run("payment", func(t *testing.T) {
		t.Parallel()
		savesAll[ent.Payment, ent.PaymentUpdateOne](t, paymentColumns, "swept_at") // the sweep's own, no part of a payment's state
	})
}

// wordStart is where a word begins within a field's name.
var wordStart = regexp.MustCompile(`([a-z])([A-Z])`)

func savesAll[Row, Update any](t *testing.T, columns func(*Row) []column, elsewhere ...string) {
	t.Helper()
	row, update := new(Row), reflect.TypeFor[*Update]()
	want := map[string]any{}
	for i, field := range reflect.VisibleFields(reflect.TypeFor[Row]()) {
		name := strings.ToLower(wordStart.ReplaceAllString(field.Name, "${1}_$2"))
		if _, can := update.MethodByName("Set" + field.Name); !can || slices.Contains(elsewhere, name) {
			continue // ent makes no setter for what is immutable
		}
		value := reflect.ValueOf(row).Elem().FieldByIndex(field.Index)
		fill(t, value, i+1)
		want[name] = valueOf(value)
	}
	require.NotEmpty(t, want)
	got := map[string]any{}
	for _, c := range columns(row) {
		require.NotContains(t, got, c.name)
		got[c.name] = valueOf(reflect.ValueOf(c.value))
	}
	require.Equal(t, want, got)
}

// fill gives a field a value that no other field of its kind has.
func fill(t *testing.T, v reflect.Value, n int) {
	t.Helper()
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(int64(n), 0)))
	case v.Kind() == reflect.String:
		v.SetString(strings.Repeat("x", n))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(int64(n))
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		v.SetBytes([]byte(strings.Repeat("x", n)))
	default:
		require.Failf(t, "no value", "for a field of type %s", v.Type())
	}
}

// valueOf returns what a value points to, as its basic type: an enum of ent is a text in its column.
func valueOf(v reflect.Value) any {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.String:
		return v.String()
	case v.CanInt():
		return v.Int()
	}
	return v.Interface()
}
