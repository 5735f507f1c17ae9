package model

import "nelke/ent/publicservice"

// Dispatch is how a document was sent. SentOn is a local date, empty where nothing was sent.
type Dispatch struct {
	Method         publicservice.Delivery
	SentOn         string
	TrackingNumber *string
}
