package main

import (
	"strings"
	"time"
)

// document is a GraphQL document with one operation, which has a name. A client asks for what it shows, and no more.
type document string

// name is what a reader calls the operation: query publicServices.
func (d document) name() string {
	return strings.TrimSpace(string(d[:strings.IndexAny(string(d), "({")]))
}

// The documents of the story.
const (
	listServices document = `query publicServices($filter: PublicServiceFilter!) {
		publicServices(first: 100, filter: $filter) {
			totalCount
			nodes { id slug name channels delivery fee { ` + price + ` } appointmentMinutes }
		}
	}`
	readService document = `query publicService($slug: String!) {
		publicService(by: {slug: {municipality: "blomberg", service: $slug}}) {
			id name summary appointmentMinutes delivery documents fee { ` + price + ` legalBasis } information { title body }
			municipality { offices { id name address { street houseNumber } counters { id label } } }
		}
	}`
	price = `amount { cents } furtherCopy { cents }`

	readFreeDays  document = "query availability" + availability
	watchFreeDays document = "subscription availability" + availability
	availability           = `($in: AvailabilityInput!) {
		availability(input: $in) { days { date reason slots { start counters } } }
	}`

	openCase document = `mutation openCase($in: OpenCaseInput!) {
		payload: openCase(input: $in) { case { id } problems { code message } }
	}`
	readNotice document = `query privacyNotice {
		municipality(by: {slug: "blomberg"}) { privacyNotice { id version sha256 validFrom } }
	}`
	readCase document = `query viewerCase {
		viewer { case { id appointments { reference status } events { action by } } }
	}`

	readAppointment document = "query appointment" + one
	watchOwn        document = "subscription appointment" + one
	one                      = `($id: ID!) { appointment(id: $id) { ` + fields + ` } }`

	readBoard  document = "query appointmentBoard" + board
	watchBoard document = "subscription appointmentBoard" + board
	board               = `($office: ID!, $date: Date!) {
		appointmentBoard(office: $office, date: $date) { waiting appointments { ` + fields + ` } }
	}`

	fields = `id reference status start heldUntil extendable channel reminder person { familyName } counter { label }`
)

// mutation is one of those that give an appointment or problems.
func mutation(name string) document {
	return write(name, "appointment { "+fields+" }", "... on SlotTaken { reason alternatives }")
}

// What comes back, in the shape of the documents.
type (
	services struct {
		PublicServices struct {
			TotalCount int
			Nodes      []service
		}
	}
	service struct {
		ID, Slug, Name, Summary, Delivery string
		Channels, Documents               []string
		AppointmentMinutes                *int
		Fee                               *struct {
			Amount      money
			FurtherCopy *money
			LegalBasis  string
		}
		Information  []struct{ Title, Body string }
		Municipality struct{ Offices []office }
	}
	office struct {
		ID, Name string
		Address  struct{ Street, HouseNumber string }
		Counters []struct{ ID, Label string }
	}
	freeDays struct{ Availability *struct{ Days []day } }
	day      struct {
		Date, Reason string
		Slots        []struct {
			Start    time.Time
			Counters int
		}
	}
	appointment struct {
		ID, Reference, Status, Channel string
		Start                          time.Time
		HeldUntil                      *time.Time
		Extendable, Reminder           bool
		Person                         *struct{ FamilyName string }
		Counter                        *struct{ Label string }
	}
	problem struct {
		Code, Message, Reason, Clerk string
		Path                         []string
		Alternatives                 []time.Time
	}
	written struct {
		Payload struct {
			Appointment *appointment
			Application *application
			Payment     *payment
			Case        *struct{ ID string }
			Problems    []problem
		}
	}
	notice struct {
		Municipality struct {
			PrivacyNotice struct {
				ID, Sha256, ValidFrom string
				Version               int
			}
		}
	}
	ownCase struct {
		Viewer struct {
			Case struct {
				ID           string
				Appointments []appointment
				Events       []struct{ Action, By string }
			}
		}
	}
	oneAppointment struct{ Appointment *appointment }
	dayOfOffice    struct {
		AppointmentBoard *struct {
			Waiting      int
			Appointments []appointment
		}
	}
)

// counters says how many counters are free for a start; 0 where it isn't offered.
func (f freeDays) counters(start time.Time) int {
	if f.Availability != nil {
		for _, day := range f.Availability.Days {
			for _, slot := range day.Slots {
				if slot.Start.Equal(start) {
					return slot.Counters
				}
			}
		}
	}
	return 0
}

// status is how the board shows an appointment; empty where it doesn't.
func (d dayOfOffice) status(id string) string {
	if a := d.find(id); a != nil {
		return a.Status
	}
	return ""
}

func (d dayOfOffice) find(id string) *appointment {
	if d.AppointmentBoard != nil {
		for i, a := range d.AppointmentBoard.Appointments {
			if a.ID == id {
				return &d.AppointmentBoard.Appointments[i]
			}
		}
	}
	return nil
}
