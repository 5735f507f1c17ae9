package imports_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/ent"
	"nelke/internal/cache"
	"nelke/internal/catalogue"
	"nelke/internal/live"
	"nelke/internal/portal"
	"nelke/internal/store"
	"nelke/internal/town"
	"nelke/server"
	"nelke/test/suite"
)

// kreis is a copy of all towns of Kreis Lippe in a folder of the test's own.
type kreis struct {
	*suite.Town        // Blomberg
	folder      string // of all
}

func newKreis(t *testing.T) kreis {
	town := suite.NewTown(t)
	return kreis{town, filepath.Dir(town.File)}
}

// file is the path of a town's file, or of what towns share.
func (k kreis) file(name string) string { return filepath.Join(k.folder, filepath.FromSlash(name)) }

func count(t *testing.T, db *sql.DB, query string, arguments ...any) int {
	t.Helper()
	n := -1
	require.NoError(t, db.QueryRow(query, arguments...).Scan(&n))
	return n
}

func TestAFolderOfTownsIsImportedAtOnceAndRepeatedChangesNothing(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		cfg := b.Configuration(t.TempDir())
		p := place{cfg: cfg}
		k := newKreis(t)
		out, err := p.command(t, "import", k.folder).Output()
		require.NoError(t, err, string(out))
		files, err := filepath.Glob(k.file("*.yaml"))
		require.NoError(t, err)
		require.Len(t, files, 16)
		require.Equal(t, strings.Join(files, ": imported\n")+": imported\n", string(out))

		p.db = suite.OpenDatabase(t, cfg)
		for query, want := range map[string]int{
			`SELECT count(*) FROM municipalities WHERE ars LIKE '05766%'`:                                        16,
			`SELECT count(DISTINCT ars) FROM municipalities`:                                                     16,
			`SELECT count(DISTINCT ags) FROM municipalities`:                                                     16,
			`SELECT count(*) FROM municipalities WHERE substr(ars, 1, 5) || substr(ars, 10, 3) <> ags`:           0,
			`SELECT count(*) FROM offices`:                                                                       1,
			`SELECT count(*) FROM forms`:                                                                         13,
			`SELECT count(*) FROM public_services`:                                                               30 + 15*27,
			`SELECT count(*) FROM public_services WHERE kind = 'identity-card'`:                                  16,
			`SELECT count(*) FROM public_services WHERE kind NOT IN (SELECT slug FROM service_kinds)`:            0,
			`SELECT count(*) FROM service_kinds`:                                                                 30,
			`SELECT count(*) FROM service_kinds WHERE leika_key IS NULL`:                                         9,
			`SELECT count(*) FROM service_kinds WHERE slug = 'postal-vote' AND CAST(synonyms AS text) <> 'null'`: 1,
			`SELECT count(*) FROM events`:                                                                        16,
		} {
			require.Equal(t, want, count(t, p.db, query), query)
		}

		before := p.dump(t)
		out, err = p.command(t, "import", k.folder).Output()
		require.NoError(t, err, string(out))
		require.Equal(t, strings.Join(files, ": nothing changed\n")+": nothing changed\n", string(out))
		require.Equal(t, before, p.dump(t))
		events, faults, err := server.Audit(t.Context(), cfg)
		require.NoError(t, err)
		require.Empty(t, faults)
		require.Equal(t, 16, events)

		t.Run("and one that changed is imported alone", func(t *testing.T) {
			k.write(t, "lemgo.yaml", k.read(t, "lemgo.yaml")+"services:\n  - slug: reisepass\n    fees: null\n")
			out, err := p.command(t, "import", k.folder).Output()
			require.NoError(t, err, string(out))
			require.Equal(t, 1, strings.Count(string(out), ": imported\n"))
			require.Contains(t, string(out), k.file("lemgo.yaml")+": imported\n")
			require.Equal(t, 15, count(t, p.db, `SELECT count(*) FROM fees WHERE service_id IN (SELECT id FROM public_services WHERE slug = 'reisepass')`))
		})
	})
}

func (k kreis) read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(k.file(name))
	require.NoError(t, err)
	return string(raw)
}

func (k kreis) write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(k.file(name), []byte(text), 0o600))
}

// One file of many that can't be taken is named, with its line and field, and the others stay as they were, whether it
// shows in the file or in the database only.
func TestAFolderWithABrokenFileLeavesAllTownsAsTheyWere(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		_, err := server.Import(t.Context(), p.cfg, []string{newKreis(t).folder})
		require.NoError(t, err)
		before := p.dump(t)
		for name, row := range map[string]struct {
			spoil func(kreis)
			want  []string // file:line: field: message
		}{
			"a field that is none": {
				func(k kreis) { k.Edit("lemgo.yaml", "  name: Lemgo\n", "  name: Lemgo\n  mayor: Erika\n") },
				[]string{"lemgo.yaml:9: municipality.mayor: unknown field"},
			},
			"a kind that is none": {
				func(k kreis) { k.Edit("shared/catalogue.yaml", "kind: postal-vote", "kind: mail-vote") },
				[]string{`shared/catalogue.yaml:390: services[14].kind: there is no kind "mail-vote" in shared/kinds.yaml`},
			},
			"no catalogue": {
				func(k kreis) { require.NoError(t, os.Remove(k.file("shared/catalogue.yaml"))) },
				[]string{"lemgo.yaml:15: catalogue.file: shared/catalogue.yaml: no such file or directory"},
			},
			"another ARS, and a form that changed under its version": {
				func(k kreis) {
					k.Edit("lemgo.yaml", `ars: "057660044044"`, `ars: "057661044044"`)
					k.Edit(ballot, formTitle, newTitle)
				},
				[]string{
					"lemgo.yaml:6: municipality.ars: lemgo is known with the assumed ARS 057660044044, which can be corrected once: take ars out of source, if this one is certain",
					"blomberg.yaml:261: services[1].form.version: version 2 is in use with other content",
				},
			},
			"the keys of another town": {
				func(k kreis) {
					k.Edit("lemgo.yaml", `ars: "057660044044"`, `ars: "057660040040"`).Edit("lemgo.yaml", `ags: "05766044"`, `ags: "05766040"`)
				},
				[]string{`lemgo.yaml:6: municipality.ars: "057660040040" is that of `},
			},
		} {
			t.Run(name, func(t *testing.T) {
				k := newKreis(t)
				k.Edit("augustdorf.yaml", "https://www.augustdorf.de", "https://www.example.org") // the first, and right
				k.Edit("schlangen.yaml", "https://www.gemeinde-schlangen.de", "https://schlangen.example.org")
				row.spoil(k)
				out, err := p.command(t, "import", k.folder).CombinedOutput()
				require.Equal(t, 1, exitCode(err), string(out))
				for _, want := range row.want {
					require.Equal(t, 1, strings.Count("\n"+string(out), "\n"+k.file(want)), "%s\n%s", want, out)
				}
				require.NotContains(t, string(out), "imported\n")
				require.NotContains(t, string(out), "SQL")
				require.Equal(t, before, p.dump(t))
			})
		}
	})
}

// What a person sees of a town of which nothing is known but the law.
func TestATownWithoutOfficesShowsItsServicesAndNoTimes(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		_, err := server.Import(t.Context(), p.cfg, []string{newKreis(t).folder})
		require.NoError(t, err)
		process := suite.Serve(t, b, suite.In(p.cfg.Data))
		seen := process.Anonymous().Do(`{
			municipalities(first: 100, filter: {arsPrefix: "05766"}) { totalCount }
			municipality(by: {ars: "057660044044"}) { slug name website assumed offices { id } paymentMethods privacyNotice { version } services(first: 100) { totalCount } }
			service: publicService(by: {slug: {municipality: "lemgo", service: "personalausweis"}}) { kind { slug name } leikaKey channels appointmentMinutes fee { amount { cents } } form { id } assumed }
			nextSlots(input: {where: {municipality: {slug: "lemgo"}}, kind: {slug: "identity-card"}, count: 3}) { office { id } service { slug } starts reason }
		}`, nil)
		require.Equal(t, int64(16), seen.OK("municipalities.totalCount").Int())
		require.JSONEq(t, `{"slug": "lemgo", "name": "Lemgo", "website": "https://www.lemgo.de", "assumed": ["ars"], "offices": [], "paymentMethods": [],
			"privacyNotice": {"version": 1}, "services": {"totalCount": 27}}`, seen.OK("municipality").Raw)
		require.JSONEq(t, `{"kind": {"slug": "identity-card", "name": "Personalausweis"}, "leikaKey": "99008001012000", "channels": ["APPOINTMENT"], "appointmentMinutes": null,
			"fee": {"amount": {"cents": 4600}}, "form": null, "assumed": ["channels", "documents"]}`, seen.OK("service").Raw)
		require.JSONEq(t, `[{"office": null, "service": {"slug": "personalausweis"}, "starts": [], "reason": "NOT_OFFERED"}]`, seen.OK("nextSlots").Raw)
	})
}

// beside is a portal beside the servers, as another process has one.
func (p place) beside(t *testing.T) *portal.Portal {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{DatabaseURL: p.cfg.DatabaseURL, DataDir: p.cfg.Data, Clock: suite.Start})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	hub := live.NewHub()
	remembered := cache.New(cache.Config{Hub: hub, Now: suite.Start})
	t.Cleanup(remembered.Close)
	return portal.New(portal.Options{Store: s, Hub: hub, Cache: remembered, Clock: suite.Start, Log: slog.New(slog.DiscardHandler)})
}

func kindOf(t *testing.T, beside *portal.Portal, town, service string) *ent.ServiceKind {
	t.Helper()
	s, err := beside.PublicService(t.Context(), catalogue.PublicServiceKey{Slug: &catalogue.MunicipalServiceSlug{Municipality: town, Service: service}})
	require.NoError(t, err)
	require.NotNil(t, s)
	kind, err := beside.KindOf(t.Context(), s)
	require.NoError(t, err)
	return kind
}

// Kinds are the same for all towns, follow the list with the next import, at once, and are never forgotten.
func TestKindsFollowTheList(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		beside := p.beside(t)
		bring := func(k kreis, changed int) {
			t.Helper()
			towns, err := town.LoadAll([]string{k.folder})
			require.NoError(t, err)
			done, err := beside.Import(t.Context(), towns...)
			require.NoError(t, err)
			n := 0
			for _, c := range done {
				if c {
					n++
				}
			}
			require.Equal(t, changed, n)
		}
		bring(newKreis(t), 15)
		kinds, err := beside.Kinds(t.Context())
		require.NoError(t, err)
		require.Len(t, kinds, 30)
		for i := 1; i < len(kinds); i++ {
			require.Less(t, kinds[i-1].ID, kinds[i].ID)
		}
		for _, service := range []string{"personalausweis", "briefwahlantrag", "fuehrungszeugnis"} {
			require.Equal(t, kindOf(t, beside, "blomberg", service), kindOf(t, beside, "detmold", service))
		}
		identity := kindOf(t, beside, "detmold", "personalausweis")
		require.Equal(t, "identity-card", identity.ID)
		require.Equal(t, "Personalausweis", identity.Name["de"])
		require.Equal(t, "99008001012000", *identity.LeikaKey)
		require.Subset(t, identity.Synonyms["de"], []string{"Perso", "Ausweis verlängern"})
		require.Contains(t, identity.Synonyms["en"], "renew ID card")

		// Another name, other words, no key any more; a service that is nothing of the list; a kind that nobody names.
		k := newKreis(t)
		list := "shared/kinds.yaml"
		k.Edit(list, "name: {de: Personalausweis, en: Identity card}", "name: {de: Ausweiskarte, en: Identity card}").Edit(list, "        - Perso\n        - Ausweis\n", "        - Plastikkarte\n        - Ausweis\n").
			Edit(list, `leikaKey: "99008001012000"`, "leikaKey: null").
			Edit("", "    kind: life-certificate\n", "")
		bring(k, 16)
		identity = kindOf(t, beside, "detmold", "personalausweis")
		require.Equal(t, "Ausweiskarte", identity.Name["de"])
		require.Nil(t, identity.LeikaKey)
		require.Contains(t, identity.Synonyms["de"], "Plastikkarte")
		require.NotContains(t, identity.Synonyms["de"], "Perso")
		require.Nil(t, kindOf(t, beside, "blomberg", "lebensbescheinigung"))
		kinds, err = beside.Kinds(t.Context())
		require.NoError(t, err)
		require.Len(t, kinds, 30, "what was known stays known")

		// One town's file is enough for all towns to see the list.
		alone := newKreis(t)
		alone.Edit(list, "name: {de: Reisepass, en: Passport}", "name: {de: Grenzpass, en: Passport}")
		towns, err := town.LoadAll([]string{alone.file("lemgo.yaml")})
		require.NoError(t, err)
		_, err = beside.Import(t.Context(), towns...)
		require.NoError(t, err)
		require.Equal(t, "Grenzpass", kindOf(t, beside, "detmold", "reisepass").Name["de"])
		require.Equal(t, "Personalausweis", kindOf(t, beside, "detmold", "personalausweis").Name["de"], "the list is taken whole")
	})
}

// A list that changes only where a town's services don't look leaves the town alone.
func TestAKindThatATownHasNotLeavesTheTownAlone(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		_, err := server.Import(t.Context(), p.cfg, []string{newKreis(t).folder})
		require.NoError(t, err)
		k := newKreis(t)
		k.Edit("shared/kinds.yaml", "        - Lebensnachweis\n", "        - Lebensnachweis\n        - Lebenszeichen\n")
		done, err := server.Import(t.Context(), p.cfg, []string{k.folder})
		require.NoError(t, err)
		for _, one := range done {
			require.Equal(t, filepath.Base(one.File) == "blomberg.yaml", one.Changed, one.File)
		}
		require.Equal(t, 1, count(t, p.db, fmt.Sprintf(`SELECT count(*) FROM service_kinds WHERE CAST(synonyms AS text) LIKE '%%%s%%'`, "Lebenszeichen")))
	})
}
