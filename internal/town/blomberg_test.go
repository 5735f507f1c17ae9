package town_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/data"
	"nelke/internal/town"
)

func blomberg(t *testing.T) *town.Town {
	t.Helper()
	b, err := town.Load(data.Towns, data.Blomberg)
	require.NoError(t, err)
	return b
}

func service(t *testing.T, b *town.Town, slug string) town.Service {
	t.Helper()
	i := slices.IndexFunc(b.Services, func(s town.Service) bool { return s.Slug == slug })
	require.GreaterOrEqual(t, i, 0, "no service %q", slug)
	return b.Services[i]
}

func TestBlombergHasItsKeys(t *testing.T) {
	t.Parallel()
	m := blomberg(t).Municipality
	require.Equal(t, town.Municipality{
		Slug: "blomberg", ARS: "057660016016", AGS: "05766016", Name: "Blomberg",
		Website: "https://www.blomberg-lippe.de", TimeZone: "Europe/Berlin", Holidays: "DE-NW",
		ProcessingDays: 14, PaymentMinutes: 30, GraceMinutes: 24 * 60, Frequent: m.Frequent,
		Source: town.Sources{
			"ars": town.SourceAssumed, "processingDays": town.SourceAssumed, "paymentMinutes": town.SourceAssumed, "graceMinutes": town.SourceAssumed, "frequent": town.SourceAssumed,
		},
	}, m)
	require.Equal(t, []string{"ars", "frequent", "graceMinutes", "paymentMinutes", "processingDays"}, m.Source.Assumed())
}

func TestBlombergPromisesSomeServicesSooner(t *testing.T) {
	t.Parallel()
	sooner := map[string]int{}
	for _, s := range blomberg(t).Services {
		if s.ProcessingDays != nil {
			sooner[s.Slug] = *s.ProcessingDays
			require.True(t, s.Online(), s.Slug)
			require.Contains(t, s.Source.Assumed(), "processingDays", s.Slug)
		}
	}
	require.Equal(t, map[string]int{
		"briefwahlantrag": 2, "meldebescheinigung": 5, "sterbeurkunde": 3, "statusabfrage-ausweis-pass": 2,
	}, sooner)
}

func TestBlombergOffersThirteenServicesOnline(t *testing.T) {
	t.Parallel()
	var online []string
	for _, s := range blomberg(t).Services {
		if !s.Online() {
			continue
		}
		online = append(online, s.Name.DE)
		require.GreaterOrEqual(t, len(s.Information), 2, s.Slug)
		require.Contains(t, s.Channels, town.Online, s.Slug)
		require.Nil(t, s.OpensAt, s.Slug)
		require.Nil(t, s.ClosesAt, s.Slug)
	}
	require.ElementsMatch(t, []string{
		"Abmeldung ins Ausland", "Briefwahlantrag", "Führungszeugnis", "Meldebescheinigung", "Wohnungsgeberbestätigung",
		"Sterbeurkunde", "Geburtsurkunde", "Eheurkunde", "Lebenspartnerschaftsurkunde", "Melderegisterauskunft",
		"Gewerbezentralregisterauskunft", "Übermittlungssperre", "Statusabfrage Ausweis und Pass",
	}, online)
}

func TestBlombergServicesCarryTheirLeikaKeys(t *testing.T) {
	t.Parallel()
	b := blomberg(t)
	for slug, key := range map[string]string{
		"fuehrungszeugnis": "99049001001000", "meldebescheinigung": "99115003012000", "abmeldung-ins-ausland": "99115005070000",
		"sterbeurkunde": "99101004012000", "geburtsurkunde": "99027002012000", "melderegisterauskunft": "99115004000000",
		"uebermittlungssperre": "99032001063000", "personalausweis": "99008001012000", "reisepass": "99085001000000",
		"vorlaeufiger-reisepass": "99085001012005", "wohnsitz-anmelden": "99115005104000", "gewerbe-anmelden": "99050012104000",
		"gewerbe-ummelden": "99050012071000", "gewerbe-abmelden": "99050012070000", "beglaubigung-dokumente": "99014002035000",
		"beglaubigung-unterschrift": "99014007035000", "fundsache": "99089017152000", "lebensbescheinigung": "99114032000000",
		"internationaler-fuehrerschein": "99108062000000", "verlust-personalausweis": "99008001014002", "verlust-reisepass": "99085001014003",
		// Not known, so not there.
		"eheurkunde": "", "briefwahlantrag": "", "wohnungsgeberbestaetigung": "", "lebenspartnerschaftsurkunde": "",
		"gewerbezentralregisterauskunft": "", "statusabfrage-ausweis-pass": "", "vorlaeufiger-personalausweis": "",
		"abholung-ausweis-pass": "", "adressaenderung-ausweis": "",
	} {
		require.Equal(t, key, service(t, b, slug).LeikaKey, slug)
	}
	require.Len(t, b.Services, 30, "a new service belongs into this table")
}

func TestBlombergFees(t *testing.T) {
	t.Parallel()
	b := blomberg(t)
	type price struct {
		cents, further int
		source         town.Source
	}
	for slug, want := range map[string]price{
		"fuehrungszeugnis":               {1300, 0, ""},
		"meldebescheinigung":             {900, 0, town.SourceAssumed},
		"sterbeurkunde":                  {1000, 500, town.SourceAssumed},
		"geburtsurkunde":                 {1000, 500, town.SourceAssumed},
		"eheurkunde":                     {1000, 500, town.SourceAssumed},
		"lebenspartnerschaftsurkunde":    {1000, 500, town.SourceAssumed},
		"melderegisterauskunft":          {1100, 0, town.SourceAssumed},
		"gewerbezentralregisterauskunft": {1300, 0, town.SourceAssumed},
		"personalausweis":                {4600, 0, ""},
		"vorlaeufiger-personalausweis":   {1000, 0, ""},
		"reisepass":                      {7000, 0, ""},
		"vorlaeufiger-reisepass":         {2600, 0, ""},
	} {
		fees := service(t, b, slug).Fees
		require.Len(t, fees, 1, slug)
		require.Equal(t, want, price{fees[0].Cents, fees[0].FurtherCopyCents, fees[0].Source}, slug)
		require.Equal(t, "EUR", fees[0].Currency, slug)
	}
	for _, slug := range []string{"abmeldung-ins-ausland", "briefwahlantrag", "wohnungsgeberbestaetigung", "uebermittlungssperre", "statusabfrage-ausweis-pass"} {
		require.Empty(t, service(t, b, slug).Fees, slug)
	}
	rules := service(t, b, "sterbeurkunde").FeeRules
	require.Equal(t, &town.FeeRules{Copies: "/copies", FreeWhen: map[string][]string{"/purpose": {"RENTE"}}}, rules)
}

func TestBlombergTellsWhatTheLawAsks(t *testing.T) {
	t.Parallel()
	b := blomberg(t)
	require.False(t, b.Municipality.EnforceTrust)
	for _, s := range b.Services {
		want := town.TrustNone
		if s.Slug == "fuehrungszeugnis" || s.Slug == "gewerbezentralregisterauskunft" {
			want = town.TrustHigh
		}
		require.Equal(t, want, s.Trust, s.Slug)
		told := slices.ContainsFunc(s.Information, func(i town.Section) bool {
			return strings.Contains(i.Body.DE, "prüft das Vertrauensniveau zurzeit nicht")
		})
		require.Equal(t, want == town.TrustHigh, told, "%s says that the portal does not check it", s.Slug)
	}
}

func TestBlombergPaymentMethods(t *testing.T) {
	t.Parallel()
	require.Equal(t, []town.PaymentMethod{
		{Method: town.CreditCard, Enabled: true},
		{Method: town.Giropay, Enabled: true, ValidTo: "2024-12-31"},
		{Method: town.Paydirekt, Enabled: true, ValidTo: "2024-12-31"},
		{Method: town.Wero},
	}, blomberg(t).PaymentMethods)
}

func TestBlombergOfficeHasThreeCountersAndALunchBreak(t *testing.T) {
	t.Parallel()
	b := blomberg(t)
	require.Len(t, b.Offices, 1)
	o := b.Offices[0]
	require.Equal(t, town.Address{Street: "Marktplatz", HouseNumber: "1", PostalCode: "32825", City: "Blomberg"}, o.Address)
	require.Equal(t, 10, o.HoldMinutes)
	require.Len(t, o.Counters, 3)
	monday := o.OpeningHours[0]
	require.Equal(t, time.Monday, monday.Weekday.Day())
	require.Equal(t, "08:00 12:30 13:30 16:00", strings.Join([]string{
		monday.From.String(), monday.Break.From.String(), monday.Break.To.String(), monday.To.String(),
	}, " "))
	for slug, minutes := range map[string]int{"personalausweis": 15, "meldebescheinigung": 10, "fuehrungszeugnis": 5, "fundsache": 20} {
		s := service(t, b, slug)
		require.Equal(t, minutes, s.AppointmentMinutes, slug)
		require.True(t, s.Combinable, slug)
		require.Contains(t, s.Source.Assumed(), "appointmentMinutes", slug)
	}
}

func TestBlombergNoticeHoldsWhatArticle13Asks(t *testing.T) {
	t.Parallel()
	notices := blomberg(t).Notices
	require.Len(t, notices, 1)
	n := notices[0]
	for _, heading := range []string{"Verantwortlich", "Datenschutzbeauftragte", "Zwecke", "Rechtsgrundlage", "Empfänger", "Speicherdauer", "Ihre Rechte", "Beschwerde"} {
		require.Contains(t, n.DE.Text, "\n## "+heading)
	}
	for _, heading := range []string{"Controller", "Data protection officer", "Purposes", "Legal basis", "Recipients", "Storage", "Your rights", "Complaints"} {
		require.Contains(t, n.EN.Text, "\n## "+heading)
	}
	for _, text := range []town.NoticeText{n.DE, n.EN} {
		require.Contains(t, text.Text, "LDI NRW")
		sum := sha256.Sum256([]byte(text.Text))
		require.Equal(t, hex.EncodeToString(sum[:]), text.SHA256)
	}
}

func TestBlombergGermanIsTypesetAsGerman(t *testing.T) {
	t.Parallel()
	b := blomberg(t)
	check := func(where, text string) {
		for _, bad := range []string{`"`, " - ", "  ", "…", " du ", " dein"} {
			require.NotContains(t, text, bad, where)
		}
	}
	for _, s := range b.Services {
		check(s.Slug, s.Name.DE)
		check(s.Slug, s.Summary.DE)
		for _, i := range s.Information {
			check(s.Slug, i.Title.DE)
			check(s.Slug, i.Body.DE)
		}
		for _, d := range s.Documents {
			check(s.Slug, d.DE)
		}
	}
	check("notice", b.Notices[0].DE.Text)
}

func TestBlombergLoadsTheSameTwice(t *testing.T) {
	t.Parallel()
	first := blomberg(t)
	require.Equal(t, first, blomberg(t))
	fromDisk, err := town.LoadFile("../../data/" + data.Blomberg)
	require.NoError(t, err)
	require.Equal(t, first.Services, fromDisk.Services)
	require.Equal(t, first.Notices, fromDisk.Notices)
}
