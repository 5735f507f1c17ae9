package store

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"nelke/internal/testbed"
	"nelke/internal/tracing"
)

func TestStatementsTellNothingOfValues(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { t.Helper(); return testbed.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorder := tracetest.NewSpanRecorder()
			tracer := &tracing.Tracer{Tracer: sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder)).Tracer("test")}
			s := open(t, Config{DatabaseURL: url(t), DataDir: t.TempDir(), Tracer: tracer})
			require.NoError(t, s.Migrate(t.Context()))
			require.Empty(t, recorder.Started(), "there is no trace around it")

			ctx, root := tracer.Begin(t.Context(), "root")
			var got string
			require.NoError(t, s.Each(ctx, "SELECT CAST($1 AS text)", []any{"kunigunde"}, []any{&got}, func() {}))
			require.Equal(t, "kunigunde", got)
			require.NoError(t, s.ReadDB().QueryRowContext(ctx, "SELECT CAST($1 AS text)", "kunigunde").Scan(&got))
			require.Error(t, s.Write(ctx, func(ctx context.Context, tx *Tx) error {
				_, err := tx.Municipality.Query().Exist(ctx)
				require.NoError(t, err)
				_, err = tx.SQL.ExecContext(ctx, "INSERT INTO kunigunde_is_no_table VALUES ($1)", "sonderbar")
				return err
			}))
			require.NoError(t, s.Write(ctx, func(context.Context, *Tx) error { return nil }))
			root.End()

			names := map[string]int{}
			for _, span := range recorder.Ended() {
				if span.Name() == "root" {
					continue
				}
				names[span.Name()]++
				require.Equal(t, root.SpanContext().SpanID(), span.Parent().SpanID())
				told := fmt.Sprint(span.Attributes(), span.Status(), span.Events())
				require.NotContains(t, told, "sonderbar")
				if span.Name() != "INSERT kunigunde_is_no_table" {
					require.NotContains(t, told, "kunigunde")
					continue
				}
				require.Contains(t, told, "error.type")
				require.Contains(t, told, map[string]string{"sqlite": "sqlite.Error", "postgres": "42P01"}[name])
			}
			require.Equal(t, map[string]int{
				"SELECT": 2, "BEGIN": 2, "SELECT municipalities": 1, "INSERT kunigunde_is_no_table": 1, "ROLLBACK": 1, "COMMIT": 1,
			}, names)
			require.Len(t, recorder.Started(), len(recorder.Ended()), "every span ends")
		})
	}
}
