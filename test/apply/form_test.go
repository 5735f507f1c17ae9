package apply_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/form/formtest"
	"nelke/server"
	"nelke/test/suite"
)

// The services that can be applied for online.
func online() []string {
	return []string{
		"abmeldung-ins-ausland", "briefwahlantrag", "fuehrungszeugnis", "meldebescheinigung", "wohnungsgeberbestaetigung",
		"sterbeurkunde", "geburtsurkunde", "eheurkunde", "lebenspartnerschaftsurkunde", "melderegisterauskunft",
		"gewerbezentralregisterauskunft", "uebermittlungssperre", "statusabfrage-ausweis-pass",
	}
}

func TestAnswersThatBreakTheFormInAnyWayAreRefusedAndNotKept(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		tried := 0
		for _, slug := range online() {
			filing := w.Filing(slug)
			c := w.Case()
			id := c.Mutate("startApplication", suite.Vars{"service": filing.Service}).OK("startApplication.application.id").String()
			c.Mutate("confirmInformation", suite.Vars{"application": id}).OK("confirmInformation.application.id")
			c.Mutate("acknowledgePrivacyNotice", suite.Vars{"application": id, "privacyNotice": filing.Notice}).OK("acknowledgePrivacyNotice.application.id")
			schema := c.Do(`query($id: ID!) { application(id: $id) { form { schema } } }`, suite.Vars{"id": id}).OK("application.form.schema").Raw
			before := w.effects(t)
			for i, broken := range formtest.Breakages([]byte(schema), filing.Accepted[0]) {
				if b.Name == "postgres" && i%7 != 0 {
					continue // what the form says is the same on both; that nothing is kept is worth a look on each
				}
				a := c.Mutate("saveAnswers", suite.Vars{"application": id, "revision": 0, "answers": broken.Answers}).Clean()
				tried++
				if broken.Answers == nil {
					require.NotEmpty(t, a.ErrorCode(), "null is no JSON! at all: %s", a.Raw)
					continue
				}
				require.Equal(t, "ANSWERS_INVALID", a.Problem(), "%s: %s\n%s", slug, broken.Name, a.Raw)
				var paths []string
				for _, p := range a.Get("data.saveAnswers.problems").Array() {
					paths = append(paths, pathOf(p.Get("path")))
					require.NotEmpty(t, p.Get("message").String())
				}
				want := "input.answers" + strings.NewReplacer("~1", "/", "~0", "~", "/", ".").Replace(broken.Pointer)
				require.Contains(t, paths, want, "%s: %s", slug, broken.Name)
			}
			require.Equal(t, before, w.effects(t), "%s: something was kept", slug)
			c.Mutate("saveAnswers", suite.Vars{"application": id, "revision": 0, "answers": filing.Accepted[0]}).OK("saveAnswers.application.id")
		}
		t.Logf("%d ways to break %d forms", tried, len(online()))
		require.Greater(t, tried, 250)
	})
}

func TestADraftStaysWithItsFormAndItsInformation(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		c := w.person
		id := c.Reviewed(w.free, w.free.Accepted[0])
		form := func(id string) string {
			return c.Do(`query($id: ID!) { application(id: $id) { form { version } } }`, suite.Vars{"id": id}).OK("application.form.version").Raw
		}
		const file = "blomberg/forms/abmeldung-ins-ausland.json"
		changed := func() *suite.Town {
			return suite.NewTown(t).Edit("", "{version: 2, file: "+file+"}", "{version: 3, file: "+file+"}").
				Edit(file, `"de": "Ihr Ausweis oder Pass"`, `"de": "Ihr Ausweis"`)
		}
		cfg := b.Configuration(w.Config.Data)
		imported := func(town *suite.Town) {
			t.Helper()
			require.True(t, town.Import(cfg))
			w.Clock.Advance(10 * time.Second) // the import is another program: without Redis it is heard of by then
		}
		steps := func(want ...string) {
			t.Helper()
			require.Eventually(t, func() bool { return slices.Equal(want, texts(c.Application(id).Get("openSteps"))) }, 20*time.Second, 50*time.Millisecond)
		}
		imported(changed())
		require.Eventually(t, func() bool { return newest(w, w.free) == 3 }, 20*time.Second, 50*time.Millisecond)
		second := c.Mutate("startApplication", suite.Vars{"service": w.free.Service}).OK("startApplication.application.id").String()
		require.Equal(t, "3", form(second))
		require.Equal(t, "2", form(id))
		steps()

		imported(changed().Edit("", "de: Wann Sie sich abmelden müssen", "de: Wann Sie sich abmelden"))
		steps("CONFIRM_INFORMATION")
		refused(t, c.Mutate("submitApplication", suite.Vars{"application": id}), "INFORMATION_NOT_CONFIRMED", "input.application")
		c.Mutate("confirmInformation", suite.Vars{"application": id}).OK("confirmInformation.application.id")
		steps()

		const notice = "    en: {file: blomberg/notices/1.en.md}\n"
		imported(changed().Edit("", "de: Wann Sie sich abmelden müssen", "de: Wann Sie sich abmelden").
			Edit("", notice, notice+"  - version: 2\n    validFrom: 2026-11-23\n    de: {file: blomberg/notices/1.de.md}\n"+notice))
		steps("ACKNOWLEDGE_PRIVACY")
		refused(t, c.Mutate("submitApplication", suite.Vars{"application": id}), "NOTICE_NOT_ACKNOWLEDGED", "input.application")
		c.Mutate("acknowledgePrivacyNotice", suite.Vars{"application": id, "privacyNotice": w.Filing(w.free.Slug).Notice}).OK("acknowledgePrivacyNotice.application.id")
		c.Mutate("submitApplication", suite.Vars{"application": id}).OK("submitApplication.application.id")
		require.Equal(t, "2", form(id))
	})
}

// newest is the version of the form that a new application gets.
func newest(w *world, f suite.Filing) int64 {
	return w.Anonymous().Do(`query($id: ID!) { publicService(by: {id: $id}) { form { version } } }`, suite.Vars{"id": f.Service}).OK("publicService.form.version").Int()
}

func TestATownThatDemandsProofTakesNoApplicationWithoutIt(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		folder := t.TempDir()
		cfg := b.Configuration(folder)
		suite.NewTown(t).Edit("", "enforceTrust: false", "enforceTrust: true").Import(cfg)
		w := newWorld(t, b, suite.In(folder))
		refused(t, w.person.Mutate("startApplication", suite.Vars{"service": w.Filing("fuehrungszeugnis").Service}), "TRUST_REQUIRED", "input.service")
		w.person.Mutate("startApplication", suite.Vars{"service": w.free.Service}).OK("startApplication.application.id")
	})
}

func TestAServiceThatIsClosedTakesNoApplication(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b, func(c *server.Config) { c.Sweepers = false })
		state := func(open bool) {
			w.admin.Do(`mutation($in: SetServiceStateInput!) { setServiceState(input: $in) { publicService { open } problems { code } } }`, suite.Vars{"in": suite.Vars{
				"idempotencyKey": suite.Key(), "service": w.free.Service, "open": open,
			}}).OK("setServiceState.publicService.open")
		}
		id := w.person.Reviewed(w.free, w.free.Accepted[0])
		watch := w.person.Subscribe(`subscription($id: ID!) { application(id: $id) { openSteps } }`, suite.Vars{"id": id})
		require.Empty(t, texts(watch.Next().Get("data.application.openSteps")))
		state(false)
		require.Equal(t, []string{"AWAIT_OPENING"}, texts(watch.Next().Get("data.application.openSteps")))
		w.unchanged(t, func() {
			refused(t, w.person.Mutate("submitApplication", suite.Vars{"application": id}), "SERVICE_CLOSED", "input.application")
			refused(t, w.person.Mutate("startApplication", suite.Vars{"service": w.free.Service}), "SERVICE_CLOSED", "input.service")
			for _, service := range []string{"service_x", "", w.free.Notice, "\x00"} {
				refused(t, w.person.Mutate("startApplication", suite.Vars{"service": service}), "NOT_FOUND", "input.service")
			}
			visit := w.Place().Service
			refused(t, w.person.Mutate("startApplication", suite.Vars{"service": visit}), "SERVICE_CLOSED", "input.service")
		})
		w.person.Mutate("saveAnswers", suite.Vars{"application": id, "revision": 1, "answers": w.free.Accepted[1]}).OK("saveAnswers.application.id")
		state(true)
		w.person.Mutate("reviewApplication", suite.Vars{"application": id, "revision": 2}).OK("reviewApplication.application.id")
		w.person.Mutate("submitApplication", suite.Vars{"application": id}).OK("submitApplication.application.id")
	})
}
