// Package rollout holds that the build in use goes on working while this one is rolled out: on this build's schema, beside this
// build's processes, and after it was put back in this build's place.
package rollout

import (
	"os"
	"testing"

	"nelke/test/suite"
)

func TestMain(m *testing.M) {
	code := suite.Run(m)
	if made != "" {
		_ = os.RemoveAll(made)
	}
	os.Exit(code)
}
