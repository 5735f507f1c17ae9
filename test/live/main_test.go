// Package live proves what subscriptions promise, over WebSocket and server-sent events, to the subscribers of every
// process: the state first, then every change, and nothing else.
package live

import (
	"testing"

	"nelke/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }
