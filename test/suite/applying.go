package suite

import (
	"encoding/json"
	"strings"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/data"
)

// Filing is what applying for a service takes.
type Filing struct {
	Slug     string
	Service  string
	Notice   string // the privacy notice in force
	Accepted []any  // answers that its form accepts
}

// Filing reads a service of Blomberg's, and the answers that stand beside its form.
func (p *Process) Filing(slug string) Filing {
	p.t.Helper()
	a := p.Anonymous().Do(`query($s: String!) {
		municipality(by: {slug: "blomberg"}) { privacyNotice { id } }
		publicService(by: {slug: {municipality: "blomberg", service: $s}}) { id }
	}`, Vars{"s": slug})
	raw, err := data.Towns.ReadFile("lippe/blomberg/samples/" + slug + ".json")
	require.NoError(p.t, err)
	var samples struct {
		Accepted []struct{ Answers any }
	}
	require.NoError(p.t, json.Unmarshal(raw, &samples))
	f := Filing{Slug: slug, Service: a.OK("publicService.id").String(), Notice: a.OK("municipality.privacyNotice.id").String()}
	for _, s := range samples.Accepted {
		f.Accepted = append(f.Accepted, s.Answers)
	}
	return f
}

// What tests look at of an application, of a payment, and of what kept a write.
const (
	ApplicationFields = `id reference status openSteps revision answers due { cents } payment { id status } clerk rejection
		dispatch { method sentOn trackingNumber } expiresAt submittedAt deadline endedAt`
	PaymentFields = `id status method amount { cents } received { cents } redirectUrl reference refundReason refundNote expiresAt paidAt`
	Problems      = `problems { code message path ... on AlreadyClaimed { clerk } }`
)

// Mutate runs a mutation of applications or payments with a key of its own, unless the input brings one.
func (c *Client) Mutate(name string, input Vars) *Answer {
	c.t.Helper()
	a, err := c.TryMutate(name, input)
	require.NoError(c.t, err)
	return a
}

// TryMutate is Mutate where the connection may fail.
func (c *Client) TryMutate(name string, input Vars) (*Answer, error) {
	in := Vars{"idempotencyKey": Key()}
	for k, v := range input {
		in[k] = v
	}
	result := `application { ` + ApplicationFields + ` }`
	if strings.HasSuffix(name, "Payment") || strings.HasSuffix(name, "Refund") {
		result = `payment { ` + PaymentFields + ` }`
	}
	return c.Try(`mutation($in: `+strings.ToUpper(name[:1])+name[1:]+`Input!) { `+name+`(input: $in) { `+result+` `+Problems+` } }`, Vars{"in": in})
}

// Draft starts an application, confirms the information and acknowledges the notice, and gives its id.
func (c *Client) Draft(f Filing) string {
	c.t.Helper()
	id := c.Mutate("startApplication", Vars{"service": f.Service}).OK("startApplication.application.id").String()
	c.Mutate("confirmInformation", Vars{"application": id}).OK("confirmInformation.application.id")
	c.Mutate("acknowledgePrivacyNotice", Vars{"application": id, "privacyNotice": f.Notice}).OK("acknowledgePrivacyNotice.application.id")
	return id
}

// Reviewed fills a draft in with answers and looks it over: what is left is to pay, where there is a fee, and to submit.
func (c *Client) Reviewed(f Filing, answers any) string {
	c.t.Helper()
	id := c.Draft(f)
	revision := c.Mutate("saveAnswers", Vars{"application": id, "revision": 0, "answers": answers}).OK("saveAnswers.application.revision").Int()
	c.Mutate("reviewApplication", Vars{"application": id, "revision": revision}).OK("reviewApplication.application.id")
	return id
}

// Submitted is an application for something free, with the office.
func (c *Client) Submitted(f Filing) gjson.Result {
	c.t.Helper()
	id := c.Reviewed(f, f.Accepted[0])
	return c.Mutate("submitApplication", Vars{"application": id}).OK("submitApplication.application")
}

// Application reads an application.
func (c *Client) Application(id string) gjson.Result {
	c.t.Helper()
	return c.Do(`query($id: ID!) { application(id: $id) { `+ApplicationFields+` } }`, Vars{"id": id}).OK("application")
}

// Payment reads a payment.
func (c *Client) Payment(id string) gjson.Result {
	c.t.Helper()
	return c.Do(`query($id: ID!) { payment(id: $id) { `+PaymentFields+` } }`, Vars{"id": id}).OK("payment")
}
