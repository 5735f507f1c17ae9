// Package restore is the restore drill of docs/operations.md: a copy is made, the service goes on, the copy is put back.
package restore

import (
	"testing"

	"nelke/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }
