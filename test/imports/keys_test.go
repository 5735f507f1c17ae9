package imports_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

const corrected = "057665001016"

// An ARS that was assumed is corrected once, by a file that is certain of it; one that is certain never changes.
func TestAnAssumedARSIsCorrectedOnce(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		id := lines(t, p.db, `SELECT id FROM municipalities`)
		certain := func(ars string) *suite.Town {
			return suite.NewTown(t).Edit("", `ars: "`+suite.ARS+`"`, `ars: "`+ars+`"`).Edit("", "source: {ars: assumed, ", "source: {")
		}
		require.True(t, certain(corrected).Import(p.cfg))
		require.Equal(t, []string{corrected}, lines(t, p.db, `SELECT ars FROM municipalities`))
		require.Equal(t, id, lines(t, p.db, `SELECT id FROM municipalities`), "it is the same town")

		before := p.dump(t)
		for _, ars := range []string{suite.ARS, "057665002016"} {
			out, err := p.command(t, "import", certain(ars).File).CombinedOutput()
			require.Equal(t, 1, exitCode(err), string(out))
			require.Contains(t, string(out), "municipality.ars: blomberg is known with ARS "+corrected+", which never changes")
		}
		require.Equal(t, before, p.dump(t))
		served := suite.Serve(t, b, suite.In(p.cfg.Data))
		found := served.Anonymous().Do(`{ municipality(by: {ars: "`+corrected+`"}) { slug } }`, nil)
		require.Equal(t, "blomberg", found.OK("municipality.slug").String())
		// Roles go by ARS: those of before count no more.
		queue := `query($in: WorkQueueInput!) { workQueue(input: $in) { nodes { id } } }`
		in := suite.Vars{"in": suite.Vars{"municipality": suite.Vars{"slug": "blomberg"}}}
		require.Equal(t, gjson.Null, served.Staff("erna", "CLERK@"+suite.ARS).Do(queue, in).Get("data.workQueue").Type)
		served.Staff("erna", "CLERK@"+corrected).Do(queue, in).OK("workQueue.nodes")
	})
}

// Keys that the database has for another town are a fault with file, line and field, and none of the database's.
func TestAKeyOfAnotherTownIsAFault(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		require.True(t, suite.NewTown(t).Renamed("detmold", "057660020020", "05766020").Import(p.cfg))
		before := p.dump(t)
		for name, row := range map[string]struct {
			town *suite.Town
			want string
		}{
			"a slug that was changed": {
				suite.NewTown(t).Edit("", "  slug: blomberg\n", "  slug: stadt-blomberg\n"),
				":9: municipality.slug: the town with ARS 057660016016 is known as blomberg, and a slug never changes",
			},
			"the ARS of another town": {
				suite.NewTown(t).Edit("", `ars: "`+suite.ARS+`"`, `ars: "057660020020"`).Edit("", `ags: "05766016"`, `ags: "05766020"`),
				":9: municipality.slug: the town with ARS 057660020020 is known as detmold, and a slug never changes",
			},
			"the AGS of another town": {
				suite.NewTown(t).Renamed("lemgo", "057665001020", "05766020"),
				`: municipality.ags: "05766020" is that of detmold`,
			},
		} {
			t.Run(name, func(t *testing.T) {
				out, err := p.command(t, "import", row.town.File).CombinedOutput()
				require.Equal(t, 1, exitCode(err), string(out))
				require.Contains(t, string(out), row.town.File)
				require.Contains(t, string(out), row.want)
				require.NotContains(t, string(out), "constraint")
				require.Equal(t, before, p.dump(t))
			})
		}
	})
}
