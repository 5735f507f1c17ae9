package suite

import (
	"io"
	"net/http"
	"regexp"
	"strconv"

	"github.com/stretchr/testify/require"
)

// Metric is a number that the server counts; 0 before it was counted.
func (p *Process) Metric(name string) int {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.URL+"/metrics", nil)
	require.NoError(p.t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(p.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\d+)$`).FindSubmatch(raw)
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(string(found[1]))
	require.NoError(p.t, err)
	return n
}
