package access_test

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
)

//go:embed ways.txt
var waysText string

// exits are ways.txt as it is read.
type exits struct {
	states map[string]map[string]*state // by enum and value
	back   map[string]string            // the mutation that takes one back; what follows "-" where none does
}

// state is a state and the ways out of it.
type state struct {
	end bool
	out []exit
}

// exit is a way out of a state: by a mutation, or by "time".
type exit struct{ by, to string }

func readExits(t testing.TB) exits {
	t.Helper()
	w := exits{map[string]map[string]*state{}, map[string]string{}}
	enum := ""
	number := 0
	for line := range strings.Lines(waysText) {
		number++
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(line, "#"):
		case words[0] == "states":
			enum = words[1]
			w.states[enum] = map[string]*state{}
		case words[0] == "back":
			enum = ""
		case enum == "":
			require.GreaterOrEqual(t, len(words), 2, "ways.txt:%d", number)
			require.NotContains(t, w.back, words[0], "ways.txt:%d: it has a line already", number)
			w.back[words[0]] = strings.Join(words[1:], " ")
		default:
			require.NotContains(t, w.states[enum], words[0], "ways.txt:%d: it has a line already", number)
			s, ways := &state{}, words[1:]
			if len(ways) > 0 && ways[0] == "end" {
				s.end, ways = true, ways[1:]
			}
			require.Zero(t, len(ways)%2, "ways.txt:%d: a way is what leads out, and where to", number)
			for way := range slices.Chunk(ways, 2) {
				s.out = append(s.out, exit{way[0], way[1]})
			}
			w.states[enum][words[0]] = s
		}
	}
	return w
}

// everybodys reports whether a mutation is anybody's to run, whoever they are.
func everybodys(mutation string) bool {
	return slices.Contains([]string{"openCase", "giveFeedback", "countVisit"}, mutation)
}

// ofStaff reports whether staff of a town may run a mutation there.
func (tab *table) ofStaff(mutation string) bool {
	r := tab.rows["Mutation."+mutation]
	return r != nil && !everybodys(mutation) && slices.ContainsFunc(r.cells, func(cell string) bool { return strings.ContainsAny(cell, "CSA") })
}

// Staff alone, or time, bring everything to an end, whatever state it is in.
func TestEveryStateHasAWayOut(t *testing.T) {
	t.Parallel()
	ways, tab := readExits(t), readTable(t)
	enums := map[string]*ast.Definition{}
	for name, d := range readGraph(t) {
		if d.Kind == ast.Enum && strings.HasSuffix(name, "Status") {
			enums[name] = d
		}
	}
	require.Equal(t, slices.Sorted(maps.Keys(enums)), slices.Sorted(maps.Keys(ways.states)), "the enums of states, in the schema and in ways.txt")
	for name, d := range enums {
		var values []string
		for _, value := range d.EnumValues {
			values = append(values, value.Name)
		}
		states := ways.states[name]
		require.ElementsMatch(t, values, slices.Collect(maps.Keys(states)), "the states of %s, in the schema and in ways.txt", name)
		ends := map[string]bool{}
		for from, s := range states {
			ends[from] = s.end
			for _, way := range s.out {
				require.Contains(t, states, way.to, "%s: %s", name, from)
				require.True(t, way.by == "time" || tab.ofStaff(way.by), "%s: %s is left by %s, which staff may not do", name, from, way.by)
			}
		}
		for range states { // as many steps as there are states
			for from, s := range states {
				ends[from] = ends[from] || slices.ContainsFunc(s.out, func(way exit) bool { return ends[way.to] })
			}
		}
		for from := range states {
			require.True(t, ends[from], "%s: nothing that staff may do, nor time, leads from %s to an end", name, from)
		}
	}
}

// Each write of staff can be taken back by staff of the same role, or, where it says so, by a supervisor, or leaves nothing to take back.
func TestEveryWriteOfStaffIsTakenBack(t *testing.T) {
	t.Parallel()
	ways, tab := readExits(t), readTable(t)
	var all []string
	for _, r := range tab.mutations() {
		if tab.ofStaff(r.mutation()) {
			all = append(all, r.mutation())
		}
	}
	require.ElementsMatch(t, all, slices.Collect(maps.Keys(ways.back)), "the mutations of staff, in table.txt and in ways.txt")
	for mutation, back := range ways.back {
		if why, none := strings.CutPrefix(back, "-"); none {
			require.NotEmpty(t, strings.TrimSpace(why), "%s: nothing takes it back, and nothing says why", mutation)
			continue
		}
		back, supervised := strings.CutSuffix(back, " by a supervisor")
		require.True(t, tab.ofStaff(back), "%s is taken back by %s, which staff may not do", mutation, back)
		for _, role := range []byte("CSA") {
			may := func(name string) bool {
				return slices.ContainsFunc(tab.rows["Mutation."+name].cells, func(cell string) bool { return strings.IndexByte(cell, role) >= 0 })
			}
			if role == 'C' && supervised {
				require.False(t, may(back), "%s needs no supervisor", back)
				continue
			}
			require.False(t, may(mutation) && !may(back), "%c may do %s, and not %s, which takes it back", role, mutation, back)
		}
	}
}

// path is the shortest way by mutations from one of some states to another: the first state, and the mutations.
func path(states map[string]*state, from []string, to string) (first string, mutations []string, found bool) {
	type place struct {
		first, at string
		taken     []string
	}
	var queue []place
	for _, name := range from {
		queue = append(queue, place{name, name, nil})
	}
	seen := map[string]bool{}
	for ; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		if p.at == to {
			return p.first, p.taken, true
		}
		if seen[p.at] {
			continue
		}
		seen[p.at] = true
		for _, way := range states[p.at].out {
			if way.by != "time" {
				queue = append(queue, place{p.first, way.to, append(slices.Clone(p.taken), way.by)})
			}
		}
	}
	return "", nil, false
}

// walks takes every way of a kind of things that leads out by a mutation: a fresh thing is brought to the state, by ways of the
// table too, and then leaves it. begin makes a thing in one of the first states; it may have to wait before a mutation.
func (w *world) walks(t *testing.T, typ, enum string, begin map[string]func() string, wait func(id, mutation string), done func(id string)) {
	t.Helper()
	states := readExits(t).states[enum]
	read := func(id string) string {
		return w.actors['S'].For(t).Do(fmt.Sprintf(`query($id: ID!) { node(id: $id) { ... on %s { status } } }`, typ), map[string]any{"id": id}).OK("node.status").String()
	}
	walked := 0
	for _, name := range slices.Sorted(maps.Keys(states)) {
		first, taken, found := path(states, slices.Sorted(maps.Keys(begin)), name)
		for _, way := range states[name].out {
			if way.by == "time" {
				continue
			}
			require.True(t, found, "%s can't be brought to %s", typ, name)
			t.Run(name+" by "+way.by, func(t *testing.T) {
				id := begin[first]()
				for _, mutation := range append(slices.Clone(taken), way.by) {
					wait(id, mutation)
					w.mutate(w.actors['S'].For(t), mutation, w.input(mutation, w.here, id))
				}
				require.Equal(t, way.to, read(id))
				done(id)
			})
			walked++
		}
	}
	t.Logf("%d ways out of states of %s", walked, typ)
}
