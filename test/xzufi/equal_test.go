package xzufi_test

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/town"
	"nelke/internal/xzufi"
	"nelke/test/suite"
)

const (
	patience = 20 * time.Second
	pause    = 20 * time.Millisecond
	today    = "2026-11-23" // by the suite's clock
)

func number(t testing.TB, text string) int {
	t.Helper()
	f, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return int(math.Round(f))
}

const whatTheGraphSays = `query($ars: String!) { municipality(by: {ars: $ars}) {
	id slug ars ags name website assumed
	offices { id slug name address { street houseNumber postalCode city } phone email assumed counters { services { id } }
		openingHours(from: "2026-11-23", days: 7) { date hours { from to } } }
	services(first: 100) { totalCount nodes {
		id slug name leikaKey kind { slug name } summary information { title body } channels links { url label } documents delivery trust
		open opensAt closesAt stateMessage assumed
		fee { amount { cents currency } furtherCopy { cents } legalBasis validFrom validTo source }
	} }
} }`

// The export read back says of every town, in both languages, what the graph says of it: nothing more, and nothing else.
func TestTheExportSaysWhatTheGraphSays(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := region(t, b)
		m := read(t, p, "")
		towns := p.Anonymous().Do(`{ municipalities(first: 100) { nodes { ars } } }`, nil).OK("municipalities.nodes").Array()
		require.Len(t, towns, 16)
		units, services := 0, 0
		for _, one := range towns {
			ars := one.Get("ars").String()
			for _, language := range xzufi.Languages() {
				c := p.Anonymous()
				c.Accept = language
				said := c.Do(whatTheGraphSays, suite.Vars{"ars": ars}).OK("municipality")
				require.Equal(t, said.Get("services.totalCount").Int(), int64(len(said.Get("services.nodes").Array())))
				u, s := compareTown(t, m, said, language)
				if language == "de" {
					units, services = units+u, services+s
				}
			}
		}
		require.Len(t, m.Units, units)
		require.Len(t, m.Services, services)
		require.Equal(t, 30+15*27, services)
		require.Equal(t, 17, units)
		require.NotEmpty(t, m.ID)
		require.Equal(t, "http://nelke.test", m.Sender)
		require.Equal(t, latest(m), m.Created, "what changed last gives the message its time")
		synonyms(t, m)
	})
}

func latest(m *xzufi.Message) (at time.Time) {
	for _, u := range m.Units {
		if u.Changed.After(at) {
			at = u.Changed
		}
	}
	for _, s := range m.Services {
		if s.Changed.After(at) {
			at = s.Changed
		}
	}
	return at
}

func list(r gjson.Result) []string {
	var all []string
	for _, one := range r.Array() {
		all = append(all, one.String())
	}
	return all
}

func compareTown(t *testing.T, m *xzufi.Message, said gjson.Result, language string) (units, services int) {
	t.Helper()
	ars := said.Get("ars").String()
	var offices []xzufi.Unit
	var own *xzufi.Unit
	for i, u := range m.Units {
		switch {
		case u.ID.Agency != ars:
		case u.Parent == nil:
			require.Nil(t, own, "one unit for a town")
			own = &m.Units[i]
		default:
			offices = append(offices, u)
		}
	}
	require.NotNil(t, own, ars)
	require.Equal(t, said.Get("id").String(), own.ID.Value)
	require.Equal(t, said.Get("slug").String(), own.Slug)
	require.Equal(t, said.Get("name").String(), own.Name[language])
	require.Equal(t, said.Get("website").String(), own.Website)
	require.Equal(t, list(said.Get("assumed")), own.Assumed)

	var here []xzufi.Service
	var ids []string
	for _, s := range m.Services {
		if s.Region == ars {
			here = append(here, s)
			ids = append(ids, s.ID.Value)
			require.Equal(t, ars, s.ID.Agency)
		}
	}
	require.Equal(t, ids, values(own.Serves), "a town answers for all it offers")
	nodes := said.Get("services.nodes").Array()
	require.Len(t, here, len(nodes))
	for i, node := range nodes {
		compareService(t, m, &here[i], node, language)
	}
	require.Len(t, offices, len(said.Get("offices").Array()))
	for i, office := range said.Get("offices").Array() {
		require.Equal(t, own.ID, *offices[i].Parent)
		require.Equal(t, said.Get("ags").String(), offices[i].Region.AGS)
		require.Equal(t, ars, offices[i].Region.ARS)
		compareOffice(t, &offices[i], office, ids, language)
	}
	return 1 + len(offices), len(here)
}

func values(ids []xzufi.ID) (all []string) {
	for _, id := range ids {
		all = append(all, id.Value)
	}
	return all
}

func compareOffice(t *testing.T, u *xzufi.Unit, office gjson.Result, ids []string, language string) {
	t.Helper()
	require.Equal(t, office.Get("id").String(), u.ID.Value)
	require.Equal(t, office.Get("slug").String(), u.Slug)
	require.Equal(t, office.Get("name").String(), u.Name[language])
	require.Equal(t, &xzufi.Address{
		Street: office.Get("address.street").String(), HouseNumber: office.Get("address.houseNumber").String(),
		PostalCode: office.Get("address.postalCode").String(), City: office.Get("address.city").String(),
	}, u.Address)
	require.Equal(t, office.Get("phone").String(), u.Phone)
	require.Equal(t, office.Get("email").String(), u.Email)
	require.Equal(t, list(office.Get("assumed")), u.Assumed)

	served := map[string]bool{}
	for _, counter := range office.Get("counters").Array() {
		for _, s := range counter.Get("services").Array() {
			served[s.Get("id").String()] = true
		}
	}
	require.Equal(t, slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !served[id] }), values(u.Serves))

	for _, day := range office.Get("openingHours").Array() {
		at, err := time.Parse("2006-01-02", day.Get("date").String())
		require.NoError(t, err)
		var want, got [][2]string
		for _, span := range day.Get("hours").Array() {
			want = append(want, [2]string{span.Get("from").String(), span.Get("to").String()})
		}
		for _, h := range u.Hours {
			if h.Weekday == at.Weekday() && h.ValidFrom <= day.Get("date").String() && (h.Until == "" || day.Get("date").String() <= h.Until) {
				got = append(got, [2]string{h.From, h.To})
			}
		}
		require.Equal(t, want, got, day.Raw)
	}
}

func compareService(t *testing.T, m *xzufi.Message, s *xzufi.Service, node gjson.Result, language string) {
	t.Helper()
	require.Equal(t, node.Get("id").String(), s.ID.Value)
	about := s.Region + " " + s.Slug
	require.Equal(t, node.Get("slug").String(), s.Slug)
	require.Equal(t, node.Get("name").String(), s.Name[language], about)
	require.Equal(t, node.Get("leikaKey").String(), s.LeikaKey, about)
	require.Equal(t, node.Get("kind.slug").String(), s.Kind, about)
	require.Equal(t, node.Get("kind.name").String(), s.KindName[language], about)
	require.Equal(t, node.Get("summary").String(), s.Summary[language], about)
	require.Len(t, s.Sections, len(node.Get("information").Array()), about)
	for i, section := range node.Get("information").Array() {
		require.Equal(t, section.Get("title").String(), s.Sections[i].Title[language], about)
		require.Equal(t, section.Get("body").String(), s.Sections[i].Body[language], about)
	}
	require.Equal(t, list(node.Get("channels")), s.Channels, about)
	require.Len(t, s.Links, len(node.Get("links").Array()), about)
	for i, link := range node.Get("links").Array() {
		require.Equal(t, link.Get("url").String(), s.Links[i].URL, about)
		require.Equal(t, link.Get("label").String(), s.Links[i].Label[language], about)
	}
	require.Len(t, s.Documents, len(node.Get("documents").Array()), about)
	for i, document := range node.Get("documents").Array() {
		require.Equal(t, document.String(), s.Documents[i][language], about)
	}
	require.Equal(t, node.Get("delivery").String(), s.Delivery, about)
	require.Equal(t, node.Get("trust").String(), s.Trust, about)
	require.Equal(t, node.Get("stateMessage").String(), s.Message[language], about)
	require.Equal(t, list(node.Get("assumed")), s.Assumed, about)
	compareFee(t, s, node.Get("fee"), language)

	// Whether it is open follows from the channels, from the window, and from there being a place to go to.
	online := slices.IndexFunc(m.Online, func(o xzufi.Online) bool { return o.ID == s.ID })
	now := suite.Start()
	within := (s.Window.Opens.IsZero() || !now.Before(s.Window.Opens)) && (s.Window.Closes.IsZero() || now.Before(s.Window.Closes))
	require.Equal(t, node.Get("open").Bool(), online >= 0 && within, about)
	require.Equal(t, instant(t, node.Get("opensAt")), s.Window.Opens, about)
	require.Equal(t, instant(t, node.Get("closesAt")), s.Window.Closes, about)
	if online >= 0 {
		o := m.Online[online]
		require.Equal(t, node.Get("name").String(), o.Name[language])
		require.Equal(t, s.Region, o.Region)
		require.Equal(t, s.Trust, o.Trust)
		require.Contains(t, o.URL, "http://nelke.test/#/")
		require.Contains(t, s.Channels, "ONLINE")
	}
}

// compareFee finds today's price among all of them.
func compareFee(t *testing.T, s *xzufi.Service, fee gjson.Result, language string) {
	t.Helper()
	var now *xzufi.Fee
	for i, f := range s.Fees {
		if f.ValidFrom <= today && (f.Until == "" || today <= f.Until) && f.Cents > 0 {
			now = &s.Fees[i]
		}
	}
	if !fee.IsObject() {
		require.Nil(t, now)
		return
	}
	require.NotNil(t, now, fee.Raw)
	require.Equal(t, int(fee.Get("amount.cents").Int()), now.Cents)
	require.Equal(t, fee.Get("amount.currency").String(), now.Currency)
	if further := fee.Get("furtherCopy"); further.IsObject() {
		require.Equal(t, int(further.Get("cents").Int()), now.FurtherCopy)
	} else {
		require.Equal(t, -1, now.FurtherCopy)
	}
	require.Equal(t, fee.Get("legalBasis").String(), now.LegalBasis[language])
	require.Equal(t, fee.Get("validFrom").String(), now.ValidFrom)
	require.Equal(t, fee.Get("validTo").String(), now.Until)
	require.Equal(t, fee.Get("source").String() == "assumed", now.Assumed)
}

func instant(t *testing.T, r gjson.Result) time.Time {
	t.Helper()
	if r.Type == gjson.Null {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, r.String())
	require.NoError(t, err)
	return at.UTC()
}

// synonyms holds the words to the files: the graph finds by them and doesn't show them.
func synonyms(t *testing.T, m *xzufi.Message) {
	t.Helper()
	blomberg, err := town.LoadFile(suite.NewTown(t).File)
	require.NoError(t, err)
	n := 0
	for _, s := range blomberg.Services {
		want := town.Words{DE: slices.Clone(s.Words.DE), EN: slices.Clone(s.Words.EN)}
		for _, k := range blomberg.Kinds {
			if k.Slug == s.Kind {
				want.DE, want.EN = append(want.DE, k.Words.DE...), append(want.EN, k.Words.EN...)
			}
		}
		got := named(t, m, suite.ARS, s.Slug)
		require.Equal(t, once(want.DE), got.Synonyms["de"], s.Slug)
		require.Equal(t, once(want.EN), got.Synonyms["en"], s.Slug)
		n += len(want.DE) + len(want.EN)
	}
	require.Greater(t, n, 60)
}

func once(words []string) (all []string) {
	for _, w := range words {
		if !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	return all
}
