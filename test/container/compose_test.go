package container

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"nelke/server"
)

type composeFile struct {
	Services map[string]struct {
		Environment map[string]string
		HealthCheck struct{ Test []string } `yaml:"healthcheck"`
		Command     []string
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	}
}

func compose(t *testing.T) composeFile {
	t.Helper()
	var file composeFile
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "compose.yaml")), &file))
	require.Contains(t, file.Services, "nelke")
	return file
}

func TestComposeSetsOnlyVariablesThatAreKnown(t *testing.T) {
	t.Parallel()
	known := variables(reflect.TypeFor[server.Config](), "")
	require.Contains(t, known, "NELKE_ADDR")
	for _, service := range []string{"nelke", "migrate"} {
		set := slices.Collect(maps.Keys(compose(t).Services[service].Environment))
		require.NotEmpty(t, set)
		require.Subset(t, known, set, service)
	}
}

func TestComposeSetsWhatMakeRunFullReads(t *testing.T) {
	t.Parallel()
	_, recipe, found := strings.Cut(read(t, "Makefile"), "\nrun/full:")
	require.True(t, found)
	recipe, _, _ = strings.Cut(recipe, "\n\n")
	reads := []string{"NELKE_ADDR", "NELKE_DATA"} // by every start
	for _, match := range regexp.MustCompile(`\$\$\{([A-Z_]+)`).FindAllStringSubmatch(recipe, -1) {
		reads = append(reads, match[1])
	}
	require.Subset(t, reads, []string{"DATABASE_URL", "REDIS_URL"})
	for _, service := range []string{"nelke", "migrate"} {
		set := slices.Collect(maps.Keys(compose(t).Services[service].Environment))
		require.Subset(t, set, reads, service)
	}
}

func TestComposeStartsTheServiceAfterWhatItNeeds(t *testing.T) {
	t.Parallel()
	file := compose(t)
	require.Equal(t, []string{"migrate"}, file.Services["migrate"].Command)
	require.Equal(t, "service_completed_successfully", file.Services["nelke"].DependsOn["migrate"].Condition)
	for _, service := range []string{"nelke", "migrate"} {
		for needed, how := range file.Services[service].DependsOn {
			require.Contains(t, file.Services, needed)
			if how.Condition == "service_healthy" {
				require.NotEmpty(t, file.Services[needed].HealthCheck.Test, needed)
			}
		}
	}
}

// variables names every environment variable of the configuration: the fields' env tags, with the prefixes of the
// structs around them.
func variables(config reflect.Type, prefix string) []string {
	var all []string
	for field := range config.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("env"), ","); name != "" {
			all = append(all, prefix+name)
		} else if field.Type.Kind() == reflect.Struct {
			all = append(all, variables(field.Type, prefix+field.Tag.Get("envPrefix"))...)
		}
	}
	return all
}
