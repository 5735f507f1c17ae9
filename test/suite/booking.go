package suite

import (
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// Place is what a booking needs to know of the town.
type Place struct {
	Office  string
	Service string // Personalausweis, 15 minutes
	Other   string // Reisepass, 15 minutes
	Notice  string // the privacy notice in force
}

// Place reads Blomberg's ids.
func (p *Process) Place() Place {
	p.t.Helper()
	a := p.Anonymous().Do(`{
		municipality(by: {slug: "blomberg"}) { offices { id } privacyNotice { id } }
		service: publicService(by: {slug: {municipality: "blomberg", service: "personalausweis"}}) { id }
		other: publicService(by: {slug: {municipality: "blomberg", service: "reisepass"}}) { id }
	}`, nil)
	return Place{
		Office:  a.OK("municipality.offices.0.id").String(),
		Notice:  a.OK("municipality.privacyNotice.id").String(),
		Service: a.OK("service.id").String(),
		Other:   a.OK("other.id").String(),
	}
}

// Fields of an appointment that tests look at.
const Fields = `appointment { id reference status start end heldUntil heldForSeconds extendable reminder calls counter { id label } person { familyName } }
	problems { code message path ... on SlotTaken { reason alternatives } ... on RateLimited { retryAfterSeconds } }`

// Starts are the free starts of the next days for one Personalausweis.
func (c *Client) Starts(place Place, days int) []string {
	c.t.Helper()
	a := c.Do(`query($in: AvailabilityInput!) { availability(input: $in) { days { date reason starts } } }`, Vars{"in": Vars{
		"office": place.Office, "concerns": []Vars{{"service": place.Service}}, "days": days,
	}})
	var starts []string
	for _, day := range a.OK("availability.days").Array() {
		for _, start := range day.Get("starts").Array() {
			starts = append(starts, start.String())
		}
	}
	return starts
}

// Hold keeps a start for one Personalausweis.
func (c *Client) Hold(place Place, start, key string) *Answer {
	c.t.Helper()
	return c.Do(`mutation($in: HoldSlotInput!) { holdSlot(input: $in) { `+Fields+` } }`, Vars{"in": Vars{
		"idempotencyKey": key, "office": place.Office, "start": start, "concerns": []Vars{{"service": place.Service}},
	}})
}

// Erika is somebody to book for.
func Erika() Vars {
	return Vars{"givenName": "Erika", "familyName": "Mustermann", "email": "erika@example.org"}
}

// Book makes a hold an appointment for Erika.
func (c *Client) Book(place Place, appointment, key string) *Answer {
	c.t.Helper()
	return c.Do(`mutation($in: BookAppointmentInput!) { bookAppointment(input: $in) { `+Fields+` } }`, Vars{"in": Vars{
		"idempotencyKey": key, "appointment": appointment, "privacyNotice": place.Notice, "person": Erika(), "reminder": true,
	}})
}

// Booked holds and books a start and gives the appointment.
func (c *Client) Booked(place Place, start string) gjson.Result {
	c.t.Helper()
	held := c.Hold(place, start, Key()).OK("holdSlot.appointment")
	return c.Book(place, held.Get("id").String(), Key()).OK("bookAppointment.appointment")
}

// On runs one of the mutations that take an appointment and nothing else: extendHold, releaseHold, cancelAppointment,
// checkIn, undoCheckIn, callAgain, undoCall, completeAppointment, recordNoShow.
func (c *Client) On(mutation, appointment, key string) *Answer {
	c.t.Helper()
	input := strings.ToUpper(mutation[:1]) + mutation[1:] + "Input"
	return c.Do(`mutation($in: `+input+`!) { `+mutation+`(input: $in) { `+Fields+` } }`, Vars{"in": Vars{
		"idempotencyKey": key, "appointment": appointment,
	}})
}

// Reschedule moves an appointment.
func (c *Client) Reschedule(appointment, start, key string) *Answer {
	c.t.Helper()
	return c.Do(`mutation($in: RescheduleAppointmentInput!) { rescheduleAppointment(input: $in) { `+Fields+` } }`, Vars{"in": Vars{
		"idempotencyKey": key, "appointment": appointment, "start": start,
	}})
}

// CallNext calls the next person to a counter.
func (c *Client) CallNext(counter, key string) *Answer {
	c.t.Helper()
	return c.Do(`mutation($in: CallNextInput!) { callNext(input: $in) { `+Fields+` } }`, Vars{"in": Vars{"idempotencyKey": key, "counter": counter}})
}

// CallAppointment calls somebody to a counter.
func (c *Client) CallAppointment(appointment, counter, key string) *Answer {
	c.t.Helper()
	return c.Do(`mutation($in: CallAppointmentInput!) { callAppointment(input: $in) { `+Fields+` } }`, Vars{"in": Vars{
		"idempotencyKey": key, "appointment": appointment, "counter": counter,
	}})
}

// Correct says anew whom an appointment is for, and whether to remind them.
func (c *Client) Correct(appointment string, person Vars, reminder bool, key string) *Answer {
	c.t.Helper()
	return c.Do(`mutation($in: CorrectAppointmentInput!) { correctAppointment(input: $in) { `+Fields+` } }`, Vars{"in": Vars{
		"idempotencyKey": key, "appointment": appointment, "person": person, "reminder": reminder,
	}})
}

// Instant reads an instant as the graph writes it.
func (c *Client) Instant(s string) time.Time {
	c.t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	require.NoError(c.t, err)
	return at
}
