package main

import (
	"slices"
	"strings"
	"time"
)

// The documents of applications, payments and the clerks' queue.
const (
	readApplication  document = "query application" + oneFiled
	watchApplication document = "subscription application" + oneFiled
	oneFiled                  = `($id: ID!) { application(id: $id) { ` + filed + ` } }`

	watchPayment document = `subscription payment($id: ID!) { payment(id: $id) { ` + paid + ` } }`

	readQueue  document = "query workQueue" + queued
	watchQueue document = "subscription workQueue" + queued
	queued              = `($in: WorkQueueInput!) { workQueue(input: $in, first: 100) { nodes { ` + filed + ` } } }`

	readEvents document = `query application($id: ID!) { application(id: $id) { events { action by } } }`

	readMoney document = `query viewerCase {
		viewer { case { applications { reference status payments { ` + paid + ` } } } }
	}`

	filed = `id reference status openSteps answers revision due { cents } deadline clerk service { name }
		requests { question answer } dispatch { method sentOn trackingNumber } payments { status }`
	paid = `id status amount { cents } received { cents } redirectUrl reference refundReason expiresAt`
)

// filing is one of the mutations that give an application or problems.
func filing(name string) document {
	return write(name, "application { "+filed+" }", "path ... on AlreadyClaimed { clerk }")
}

// paying is the same for a payment.
func paying(name string) document { return write(name, "payment { "+paid+" }", "path") }

// write is a mutation with one input, what it gives and what it says of problems. The names of inputs follow theirs.
func write(name, gives, problems string) document {
	input := strings.ToUpper(name[:1]) + name[1:] + "Input"
	return document(`mutation ` + name + `($in: ` + input + `!) { payload: ` + name + `(input: $in) {
		` + gives + ` problems { code message ` + problems + ` }
	} }`)
}

// What comes back, in the shape of the documents.
type (
	money       struct{ Cents int }
	application struct {
		ID, Reference, Status, Clerk string
		OpenSteps                    []string
		Answers                      map[string]any
		Revision                     int
		Due                          money
		Deadline                     *time.Time
		Service                      struct{ Name string }
		Requests                     []struct {
			Question string
			Answer   *string
		}
		Dispatch *dispatch
		Payments []payment
	}
	dispatch struct{ Method, SentOn, TrackingNumber string }
	payment  struct {
		ID, Status, Reference, RefundReason string
		Amount                              money
		Received                            *money
		RedirectURL                         string
		ExpiresAt                           time.Time
	}
	oneApplication struct{ Application *application }
	onePayment     struct{ Payment *payment }
	workQueue      struct {
		WorkQueue *struct{ Nodes []application }
	}
	whatHappened struct {
		Application *struct {
			Events []struct{ Action, By string }
		}
	}
	ownMoney struct {
		Viewer struct {
			Case struct{ Applications []application }
		}
	}
)

// paid reports whether something has paid for the application.
func (a application) paid() bool {
	return slices.ContainsFunc(a.Payments, func(p payment) bool { return p.Status == "PAID" })
}

// find is an application as the queue shows it; nil where it doesn't.
func (q workQueue) find(id string) *application {
	if q.WorkQueue == nil {
		return nil
	}
	i := slices.IndexFunc(q.WorkQueue.Nodes, func(a application) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return &q.WorkQueue.Nodes[i]
}
