package suite

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// Main runs the tests of a package and ends the process, also with an error where they left goroutines behind.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main for those who have something to do before the end. It gives the code to exit with.
func Run(m *testing.M) int {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
