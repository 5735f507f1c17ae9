package server_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
)

func TestLoad(t *testing.T) {
	t.Parallel()

	t.Run("an empty environment gives the documented defaults", func(t *testing.T) {
		t.Parallel()
		cfg := server.Defaults()
		require.Equal(t, "127.0.0.1:8080", cfg.Addr)
		require.Equal(t, "./var", cfg.Data)
		require.Equal(t, "nelke", cfg.Audience)
		require.Equal(t, 60, cfg.OpeningsPerHour)
		require.Equal(t, 9*time.Second, cfg.StopTimeout)
		require.True(t, cfg.Sweepers)
		require.True(t, cfg.Introspection)
		require.False(t, cfg.Demo)
	})

	t.Run("flags win over the environment, and hide its faults", func(t *testing.T) {
		t.Parallel()
		cfg, err := server.Load(
			map[string]string{"NELKE_ADDR": "127.0.0.1:1", "NELKE_DATA": "/elsewhere", "NELKE_SWEEPERS": "perhaps", "NELKE_ORIGINS": "https://a.example,https://b.example"},
			server.Config{Addr: "127.0.0.1:2"},
			map[string]bool{"NELKE_ADDR": true, "NELKE_SWEEPERS": true},
		)
		require.NoError(t, err)
		require.Equal(t, "127.0.0.1:2", cfg.Addr)
		require.Equal(t, "/elsewhere", cfg.Data)
		require.False(t, cfg.Sweepers)
		require.Equal(t, []string{"https://a.example", "https://b.example"}, cfg.Origins)
	})

	t.Run("every fault is named at once, without secrets", func(t *testing.T) {
		t.Parallel()
		environment := map[string]string{
			"NELKE_ADDR": "8080", "NELKE_METRICS_ADDR": "9090", "NELKE_PUBLIC_URL": "nelke.example",
			"DATABASE_URL": "postgres://nelke:geheim@h:port/x", "REDIS_URL": "http://:geheim@redis", "NELKE_REDIS_PREFIX": "{x}",
			"NELKE_MAX_CONNS": "many", "NELKE_CACHE_BYTES": "1MB", "NELKE_DEMO": "true", "NELKE_ISSUER": "https://user:geheim@idp.example",
			"NELKE_AUDIENCE": "", "NELKE_ORIGINS": "https://*.example.org", "NELKE_PROXIES": "10.0.0.1,10.0.0.0/8",
			"NELKE_OPENINGS_PER_HOUR": "0", "NELKE_INTROSPECTION": "perhaps", "NELKE_LOG": "xml", "NELKE_LOG_LEVEL": "loud",
			"NELKE_PAYMENT_URL": "https://user:geheim@pay.example", "NELKE_PAYMENT_SECRET": "geheim, and too short",
			"NELKE_WEBHOOK_KEY": "geheim, and too short", "NELKE_WEBHOOK_LOCAL": "perhaps",
			"NELKE_STOP_TIMEOUT": "9", "NELKE_STOP_DELAY": "-1s", "NELKE_SWEEPERS": "2",
			"OTEL_EXPORTER_OTLP_ENDPOINT": "https://user:geheim@collector", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "collector:4318",
			"OTEL_TRACES_SAMPLER": "often", "OTEL_TRACES_EXPORTER": "zipkin", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_SDK_DISABLED": "perhaps",
			"NELKE_FTV1": "friends",
		}
		_, err := server.Load(environment, server.Config{}, nil)
		var faults *server.ConfigError
		require.ErrorAs(t, err, &faults)
		found := map[string]bool{}
		for _, fault := range faults.Faults {
			require.False(t, found[fault.Variable], "%s twice", fault.Variable)
			found[fault.Variable] = true
			require.Contains(t, err.Error(), fault.Variable+" "+fault.Message)
		}
		delete(environment, "NELKE_DEMO")     // is right by itself
		delete(environment, "NELKE_AUDIENCE") // an empty variable is the default
		for name := range environment {
			require.True(t, found[name], "%s isn't named", name)
		}
		require.NotContains(t, err.Error(), "geheim")
	})

	t.Run("the demo and an issuer exclude each other", func(t *testing.T) {
		t.Parallel()
		_, err := server.Load(map[string]string{"NELKE_DEMO": "1", "NELKE_ISSUER": "https://idp.example"}, server.Config{}, nil)
		require.ErrorContains(t, err, "NELKE_ISSUER")
	})

	t.Run("a payment provider needs a secret, and the secret its length", func(t *testing.T) {
		t.Parallel()
		long := strings.Repeat("x", 32)
		for _, right := range []map[string]string{
			{"NELKE_PAYMENT_URL": "https://pay.example/api", "NELKE_PAYMENT_SECRET": long},
			{"NELKE_PAYMENT_URL": "http://127.0.0.1:1", "NELKE_PAYMENT_SECRET": long, "NELKE_DEMO": "1"},
			{"NELKE_PAYMENT_SECRET": long, "NELKE_DEMO": "1"},
		} {
			cfg, err := server.Load(right, server.Config{}, nil)
			require.NoError(t, err)
			require.Equal(t, long, cfg.PaymentSecret)
		}
		for _, wrong := range []map[string]string{
			{"NELKE_PAYMENT_URL": "https://pay.example"},
			{"NELKE_PAYMENT_URL": "https://pay.example", "NELKE_PAYMENT_SECRET": long[1:]},
			{"NELKE_PAYMENT_SECRET": long[1:], "NELKE_DEMO": "1"},
		} {
			_, err := server.Load(wrong, server.Config{}, nil)
			require.ErrorContains(t, err, "NELKE_PAYMENT_SECRET")
			require.NotContains(t, err.Error(), "xxx")
		}
	})

	t.Run("webhooks go to this machine in the demo only", func(t *testing.T) {
		t.Parallel()
		_, err := server.Load(map[string]string{"NELKE_WEBHOOK_LOCAL": "1"}, server.Config{}, nil)
		require.ErrorContains(t, err, "NELKE_WEBHOOK_LOCAL")
		_, err = server.Load(map[string]string{"NELKE_WEBHOOK_LOCAL": "1", "NELKE_DEMO": "1"}, server.Config{}, nil)
		require.NoError(t, err)
		_, err = server.Load(map[string]string{"NELKE_WEBHOOK_KEY": strings.Repeat("x", 31)}, server.Config{}, nil)
		require.ErrorContains(t, err, "NELKE_WEBHOOK_KEY")
		require.NotContains(t, err.Error(), "xxx")
	})

	t.Run("the zero configuration is refused", func(t *testing.T) {
		t.Parallel()
		require.ErrorContains(t, server.Config{}.Check(), "NELKE_ADDR")
	})
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()

	t.Run("a configuration that isn't valid", func(t *testing.T) {
		t.Parallel()
		var faults *server.ConfigError
		require.ErrorAs(t, server.Run(t.Context(), server.Config{}), &faults)
	})
	t.Run("an address that is taken", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { require.NoError(t, l.Close()) }()
		cfg := testConfig(t, nil)
		cfg.Addr = l.Addr().String()
		require.ErrorContains(t, server.Run(t.Context(), cfg), "listen")
	})
	t.Run("a database that can't be reached, without its password", func(t *testing.T) {
		t.Parallel()
		cfg := testConfig(t, nil)
		cfg.DatabaseURL = "postgres://nelke:geheim@127.0.0.1:1/x"
		err := server.Run(t.Context(), cfg)
		require.ErrorContains(t, err, "127.0.0.1:1/x")
		require.NotContains(t, err.Error(), "geheim")
	})
}

func TestADemoIsNotForEverybody(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		addr, public, at string // at: the variable at fault
		anywhere         bool
	}{
		{"127.0.0.1:8080", "", "", false},
		{"[::1]:8080", "", "", false},
		{"localhost:8080", "", "", false},
		{"192.168.1.7:8080", "http://nelke.local", "", false},
		{"10.0.0.1:0", "http://10.0.0.1:8080", "", false},
		{"127.0.0.1:0", "http://nelke.test/path", "", false},
		{"0.0.0.0:8080", "", "NELKE_ADDR", false},
		{":8080", "", "NELKE_ADDR", false},
		{"[::]:8080", "", "NELKE_ADDR", false},
		{"192.0.2.7:8080", "", "NELKE_ADDR", false},
		{"[2001:db8::1]:8080", "", "NELKE_ADDR", false},
		{"nelke.blomberg-lippe.de:8080", "", "NELKE_ADDR", false},
		{"0.0.0.0:8080", "", "", true},
		{"127.0.0.1:8080", "https://buergerservice.blomberg-lippe.de", "NELKE_PUBLIC_URL", false},
		{"0.0.0.0:8080", "https://buergerservice.blomberg-lippe.de", "NELKE_PUBLIC_URL", true},
		{"127.0.0.1:8080", "http://93.184.216.34", "NELKE_PUBLIC_URL", false},
	} {
		cfg := server.Defaults()
		cfg.Demo, cfg.Addr, cfg.PublicURL, cfg.Anywhere = true, c.addr, c.public, c.anywhere
		if c.at == "" {
			require.NoError(t, cfg.Check(), c)
			continue
		}
		var faults *server.ConfigError
		require.ErrorAs(t, cfg.Check(), &faults, "%v", c)
		require.Len(t, faults.Faults, 1)
		require.Equal(t, c.at, faults.Faults[0].Variable, "%v", c)
		cfg.Demo = false
		require.NoError(t, cfg.Check(), "%v", c)
	}
}
