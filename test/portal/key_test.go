package portal_test

import "nelke/internal/identity"

func caseKey() string { return identity.NewCaseKey() }
