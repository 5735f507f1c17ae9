// Package model checks the book against a plain model of itself: random operations, and races.
package model

import (
	"fmt"
	"os"
	"testing"
	"time"

	"nelke/test/suite"
	"nelke/test/suite/property"
)

func TestMain(m *testing.M) {
	if err := property.Defaults(150, 10*time.Second); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	suite.Main(m)
}
