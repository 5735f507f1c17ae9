package trace

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"nelke/internal/identity"
	"nelke/server"
	"nelke/test/suite"
)

const book = `mutation Terminbuchung($in: BookAppointmentInput!) { bookAppointment(input: $in) {
	appointment { id start person { familyName } office { name } case { id contact { email } appointments { id } } } problems { code } } }`

func TestABookingIsOneTrace(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		c := collect(t)
		p := suite.Serve(t, b, c.to)
		place := p.Place()
		holder := p.Case()
		held := holder.Hold(place, holder.Starts(place, 7)[0], suite.Key()).OK("holdSlot.appointment.id").String()
		booked := holder.Do(book, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "appointment": held, "privacyNotice": place.Notice, "reminder": true,
			"person": suite.Vars{"givenName": "Kunigunde", "familyName": "Sonderbar", "email": "kunigunde@geheim.example"},
		}})
		booked.OK("bookAppointment.appointment.id")

		all := c.after(p)
		operation := all.with("graphql.operation.name", "Terminbuchung")
		require.Len(t, operation, 1)
		trace := all.of(operation[0].TraceId)
		root := trace.named("POST /graphql")
		require.Len(t, root, 1)
		require.Equal(t, tracepb.Span_SPAN_KIND_SERVER, root[0].Kind)
		require.Equal(t, "/graphql", root[0].attribute("http.route"))
		require.Equal(t, "int_value:200", strings.ReplaceAll(root[0].attribute("http.response.status_code"), " ", ""))
		require.Equal(t, "mutation", operation[0].Name)
		require.Regexp(t, `^sha256:[0-9a-f]{64}$`, operation[0].attribute("graphql.document.hash"))

		ways := trace.ways()
		const within = "POST /graphql > mutation > graphql.execute > Mutation.bookAppointment"
		for _, way := range []string{
			"POST /graphql > mutation > graphql.parse", "POST /graphql > mutation > graphql.validate", within,
		} {
			require.Contains(t, ways, way)
		}
		system := map[string]string{"sqlite": "sqlite", "postgres": "postgresql"}[b.Name]
		for _, way := range []string{"BEGIN", "COMMIT", "INSERT river_job", "SELECT appointments", "INSERT events"} {
			require.Contains(t, ways, within+" > "+way)
		}
		statements := trace.with("db.system.name", system)
		require.Greater(t, len(statements), 5)
		for _, s := range statements {
			require.NotEmpty(t, s.attribute("db.query.text"))
			require.Equal(t, tracepb.Span_SPAN_KIND_CLIENT, s.Kind)
			require.NotContains(t, trace.way(s), "?")
		}
		if b.Redis != nil {
			require.NotEmpty(t, all.with("db.system.name", "redis"), "commands to Redis are in the traces of those who wait for them")
			for _, s := range all.with("db.system.name", "redis") {
				require.Greater(t, len(all.way(s)), 1, "what the relay does by itself makes no traces")
			}
		}
		// A resolver that read nothing from elsewhere has no span, one that did has.
		require.Empty(t, all.named("Appointment.heldForSeconds"))
		require.NotEmpty(t, trace.named("Case.appointments"), ways)

		for _, s := range all {
			for name := range map[string]bool{"livez": true, "readyz": true, "metrics": true} {
				require.NotContains(t, s.Name, name)
			}
			if strings.HasPrefix(s.Name, "SELECT") && len(s.ParentSpanId) == 0 {
				require.Fail(t, "a statement outside of all traces", s.attribute("db.query.text"))
			}
		}

		text := c.text()
		require.Contains(t, text, "Terminbuchung")
		for _, personal := range []string{
			"Kunigunde", "Sonderbar", "kunigunde@", "geheim.example", holder.Token, identity.HashCaseKey(holder.Token), held, place.Notice, "127.0.0.1", "Bearer",
		} {
			at := strings.Index(text, personal)
			require.Negative(t, at, "%s stands in …%s…", personal, text[max(0, at-300):max(0, at)+len(personal)])
		}
		require.Contains(t, p.Log.String(), `"trace_id":"`+hex.EncodeToString(operation[0].TraceId)+`"`)
		require.Contains(t, text, `"nelke"`, "the service's name")
	})
}

func TestTracesOfOthers(t *testing.T) {
	t.Parallel()
	const theirs = "0af7651916cd43dd8448eb211c80319c"
	ask := func(p *suite.Process, sampled string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/graphql", strings.NewReader(`{"query":"query Q { viewer { kind } }"}`))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Traceparent", "00-"+theirs+"-b7ad6b7169203331-"+sampled)
		r.Header.Set("Baggage", "name=Kunigunde")
		_, err = p.Anonymous().Send(r)
		require.NoError(t, err)
	}
	trusting := func(cfg *server.Config) { cfg.Proxies = []string{"127.0.0.0/8"} }

	t.Run("a proxy's is continued", func(t *testing.T) {
		t.Parallel()
		c := collect(t)
		p := suite.Serve(t, suite.SQLite(), c.to, trusting)
		ask(p, "01")
		root := c.after(p).named("POST /graphql")
		require.Len(t, root, 1)
		require.Equal(t, theirs, hex.EncodeToString(root[0].TraceId))
		require.Equal(t, "b7ad6b7169203331", hex.EncodeToString(root[0].ParentSpanId))
		require.NotContains(t, c.text(), "Kunigunde")
	})
	t.Run("a proxy that records nothing isn't overruled", func(t *testing.T) {
		t.Parallel()
		c := collect(t)
		p := suite.Serve(t, suite.SQLite(), c.to, trusting)
		ask(p, "00")
		require.Empty(t, c.after(p).named("POST /graphql"))
		require.NotContains(t, p.Log.String(), "trace_id")
	})
	t.Run("a stranger's is named, and decides nothing", func(t *testing.T) {
		t.Parallel()
		c := collect(t)
		p := suite.Serve(t, suite.SQLite(), c.to)
		ask(p, "00")
		root := c.after(p).named("POST /graphql")
		require.Len(t, root, 1)
		require.NotEqual(t, theirs, hex.EncodeToString(root[0].TraceId))
		require.Empty(t, root[0].ParentSpanId)
		require.Len(t, root[0].Links, 1)
		require.Equal(t, theirs, hex.EncodeToString(root[0].Links[0].TraceId))
	})
	t.Run("none is recorded where the sampler says so", func(t *testing.T) {
		t.Parallel()
		c := collect(t)
		p := suite.Serve(t, suite.SQLite(), c.to, func(cfg *server.Config) { cfg.TraceSampler = "always_off" })
		ask(p, "01")
		require.Empty(t, c.after(p))
	})
}
