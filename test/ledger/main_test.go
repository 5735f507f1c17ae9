// Package ledger checks applications and what is paid for them against a plain model of both: random operations of people
// and staff, a provider that misbehaves, and a clock that runs from seconds to months.
package ledger

import (
	"fmt"
	"os"
	"testing"
	"time"

	"nelke/test/suite"
	"nelke/test/suite/property"
)

func TestMain(m *testing.M) {
	if err := property.Defaults(60, 2*time.Minute); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	suite.Main(m)
}
