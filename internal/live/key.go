package live

// Key names one thing that readers remember and writers change. It says which thing, never its new state: a reader that is
// woken by a key reads again with its own rights, so a nudge that is lost, doubled or late can't leak or mislead.
type Key string

// Everything is the key that stands for all keys. Nudging it makes every reader read again, here and in every
// process; the relay falls back to it when it can no longer name what changed.
const Everything Key = "*"

// Directory says which towns, offices, counters, services, forms and notices there are, and which town each belongs to. It is
// nudged when one of them comes or goes, and when a kind of services changes.
const Directory Key = "catalogue"

// Feed is the feed of changes of all towns. It is nudged when the feed has grown.
const Feed Key = "feed"

// Slots is what can be booked at an office on one local day, written as 2006-01-02.
func Slots(office, day string) Key { return Key("slots:" + office + ":" + day) }

// Board is what the staff of an office see of one local day, written as 2006-01-02.
func Board(office, day string) Key { return Key("board:" + office + ":" + day) }

// Catalogue is all that a municipality publishes: services, fees, forms, offices, hours, notices.
func Catalogue(municipality string) Key { return Key("catalogue:" + municipality) }

// WorkQueue is the list of applications that the staff of a municipality have to work on.
func WorkQueue(municipality string) Key { return Key("work:" + municipality) }

// Case is one case with its contact and the list of what belongs to it.
func Case(id string) Key { return Key("case:" + id) }

// Appointment is one appointment, held or booked.
func Appointment(id string) Key { return Key("appointment:" + id) }

// Application is one application.
func Application(id string) Key { return Key("application:" + id) }

// Payment is one payment.
func Payment(id string) Key { return Key("payment:" + id) }
