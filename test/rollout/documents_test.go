package rollout

import (
	"strings"

	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// What is sent here is understood by the landed build too, so it is written here and not taken from where tests of this build
// write what they ask for.

// write runs a mutation with a key of its own, unless the input brings one, and returns the thing that it is about.
func write(c *suite.Client, name, thing string, input suite.Vars) gjson.Result {
	in := suite.Vars{"idempotencyKey": suite.Key()}
	for k, v := range input {
		in[k] = v
	}
	fields := map[string]string{"appointment": "id status", "application": "id status revision", "payment": "id status"}[thing]
	return c.Do(`mutation($in: `+strings.ToUpper(name[:1])+name[1:]+`Input!) { `+name+`(input: $in) { `+thing+` { `+fields+` } problems { code message } } }`,
		suite.Vars{"in": in}).OK(name + "." + thing)
}

// starts are the free times of the next days for one Personalausweis.
func starts(c *suite.Client, place suite.Place) (list []string) {
	days := c.Do(`query($in: AvailabilityInput!) { availability(input: $in) { days { starts } } }`, suite.Vars{"in": suite.Vars{
		"office": place.Office, "concerns": []suite.Vars{{"service": place.Service}}, "days": 30,
	}}).OK("availability.days")
	for _, day := range days.Array() {
		for _, start := range day.Get("starts").Array() {
			list = append(list, start.String())
		}
	}
	return list
}

func hold(c *suite.Client, place suite.Place, start, key string) (id string) {
	return write(c, "holdSlot", "appointment", suite.Vars{
		"idempotencyKey": key, "office": place.Office, "start": start, "concerns": []suite.Vars{{"service": place.Service}},
	}).Get("id").String()
}

func book(c *suite.Client, place suite.Place, appointment string) gjson.Result {
	return write(c, "bookAppointment", "appointment", suite.Vars{
		"appointment": appointment, "privacyNotice": place.Notice,
		"person": suite.Vars{"givenName": "Erika", "familyName": "Mustermann", "email": "erika@example.org"},
	})
}

// reviewed fills an application in and looks it over, and returns its id.
func reviewed(c *suite.Client, f suite.Filing) string {
	id := write(c, "startApplication", "application", suite.Vars{"service": f.Service}).Get("id").String()
	write(c, "confirmInformation", "application", suite.Vars{"application": id})
	write(c, "acknowledgePrivacyNotice", "application", suite.Vars{"application": id, "privacyNotice": f.Notice})
	revision := write(c, "saveAnswers", "application", suite.Vars{"application": id, "revision": 0, "answers": f.Accepted[0]}).Get("revision").Int()
	write(c, "reviewApplication", "application", suite.Vars{"application": id, "revision": revision})
	return id
}

func submitted(c *suite.Client, f suite.Filing) string {
	id := reviewed(c, f)
	return write(c, "submitApplication", "application", suite.Vars{"application": id}).Get("id").String()
}

// status reads the state of an appointment or application.
func status(c *suite.Client, thing, id string) string {
	return c.Do(`query($id: ID!) { `+thing+`(id: $id) { status } }`, suite.Vars{"id": id}).OK(thing + ".status").String()
}
