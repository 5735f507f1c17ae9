package town

import (
	"fmt"
	"time"
)

// Date is a calendar day as 2026-11-22, or empty. Dates compare as text.
type Date string

// Time returns the first instant of the day in the given zone. An empty date gives the zero time.
func (d Date) Time(zone *time.Location) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, string(d), zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

func (d Date) check() error {
	if _, err := time.Parse(time.DateOnly, string(d)); err != nil {
		return fmt.Errorf("%q is no date like 2026-11-22", string(d))
	}
	return nil
}

// Clock is a wall-clock time in minutes after midnight, 0 to 1440 (24:00, the end of the day). In files it reads 08:30.
type Clock int

func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

func parseClock(s string) (Clock, error) {
	bad := fmt.Errorf("%q is no time like 08:30", s)
	if len(s) != 5 || s[2] != ':' {
		return 0, bad
	}
	for _, i := range []int{0, 1, 3, 4} {
		if s[i] < '0' || s[i] > '9' {
			return 0, bad
		}
	}
	c := Clock(int(s[0]-'0')*600 + int(s[1]-'0')*60 + int(s[3]-'0')*10 + int(s[4]-'0'))
	if s[3] > '5' || c > 24*60 {
		return 0, bad
	}
	return c, nil
}

// Weekday is a day of the week by its English name in capitals.
type Weekday string

// Day returns the weekday as package time counts it, Sunday first.
func (w Weekday) Day() time.Weekday {
	for i, name := range w.values() {
		if name == string(w) {
			return time.Weekday(i)
		}
	}
	return -1
}

func (Weekday) values() []string {
	return []string{"SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"}
}

// Method is a payment method.
type Method string

// The methods that the service supports. Which of them a town offers, and when, is data.
const (
	CreditCard Method = "CREDIT_CARD"
	Giropay    Method = "GIROPAY"
	Paydirekt  Method = "PAYDIREKT"
	PayPal     Method = "PAYPAL"
	Wero       Method = "WERO"
)

func (Method) values() []string {
	return []string{string(CreditCard), string(Giropay), string(Paydirekt), string(PayPal), string(Wero)}
}

// Channel is a way to get a service.
type Channel string

// The channels.
const (
	Online      Channel = "ONLINE"      // by the portal's form
	Appointment Channel = "APPOINTMENT" // at a counter
	LinkOut     Channel = "LINK"        // at another authority's site
	ByPost      Channel = "POST"        // by letter
)

func (Channel) values() []string {
	return []string{string(Online), string(Appointment), string(LinkOut), string(ByPost)}
}

// Delivery is how the result reaches the person.
type Delivery string

// The kinds of delivery.
const (
	DeliveryPost       Delivery = "POST"
	DeliveryPickUp     Delivery = "PICK_UP"
	DeliveryElectronic Delivery = "ELECTRONIC"
	DeliveryNone       Delivery = "NONE" // nothing is handed out
)

func (Delivery) values() []string {
	return []string{string(DeliveryPost), string(DeliveryPickUp), string(DeliveryElectronic), string(DeliveryNone)}
}

// Trust is how surely a person must be identified (eIDAS Regulation Art. 8: low, substantial, high).
type Trust string

// The levels, ascending.
const (
	TrustNone        Trust = "NONE"
	TrustBasic       Trust = "BASIC"
	TrustSubstantial Trust = "SUBSTANTIAL"
	TrustHigh        Trust = "HIGH"
)

func (Trust) values() []string {
	return []string{string(TrustNone), string(TrustBasic), string(TrustSubstantial), string(TrustHigh)}
}

// PageKind is what a page of the town is about.
type PageKind string

// The kinds of pages.
const (
	PageImprint       PageKind = "IMPRINT"
	PageAccessibility PageKind = "ACCESSIBILITY"
	PageEasyLanguage  PageKind = "EASY_LANGUAGE" // about the services, in easy German
	PageSignLanguage  PageKind = "SIGN_LANGUAGE" // about the services, in German sign language
	PageContact       PageKind = "CONTACT"
)

func (PageKind) values() []string {
	return []string{string(PageImprint), string(PageAccessibility), string(PageEasyLanguage), string(PageSignLanguage), string(PageContact)}
}

func (Source) values() []string { return []string{string(SourceAssumed)} }
