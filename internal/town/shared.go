package town

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Catalogue names services that towns share, in a file of its own: services, as in a town's file. The town offers all
// of them. An entry of its own services with the slug of a shared one changes that: a field that stands in it replaces
// the shared field, whole, and null takes the field away.
type Catalogue struct {
	File    string   `yaml:"file"`             // relative to the town's file
	Without []string `yaml:"without,optional"` // slugs of shared services that this town does not offer
}

// Kind is what services of different towns have in common, whatever each town calls its own.
type Kind struct {
	Slug     string `yaml:"slug"`              // unique in the list; the same word for ever
	LeikaKey string `yaml:"leikaKey,optional"` // 14 digits, unique in the list; empty where none is known
	Name     Text   `yaml:"name"`
	Words    Words  `yaml:"words"` // what people type who look for it, misspelt or not; at least one in each language

	Newcomers Newcomers `yaml:"newcomers,optional"` // the same in languages of people who have come here

	Occasions []string `yaml:"occasions,optional" json:",omitempty"` // slugs of the occasions on which people ask for it

	Source Sources `yaml:"source,optional"`
}

// Occasion is an event in life that brings people to the town hall, such as moving house. Services are grouped by it.
type Occasion struct {
	Slug string `yaml:"slug"` // unique in the list; the same word for ever
	Name Text   `yaml:"name"`
}

// Newcomers are search words in languages in which the service has no texts. Any may be empty.
type Newcomers struct {
	AR []string `yaml:"ar,optional"`
	PL []string `yaml:"pl,optional"`
	RO []string `yaml:"ro,optional"`
	RU []string `yaml:"ru,optional"`
	TR []string `yaml:"tr,optional"`
	UK []string `yaml:"uk,optional"`
}

// ByLanguage returns the words by ISO 639-1 code, without languages that have none.
func (n Newcomers) ByLanguage() map[string][]string {
	words := map[string][]string{"ar": n.AR, "pl": n.PL, "ro": n.RO, "ru": n.RU, "tr": n.TR, "uk": n.UK}
	maps.DeleteFunc(words, func(_ string, list []string) bool { return len(list) == 0 })
	return words
}

// marks say where each field of a town stands. Its services may stand in two files.
type marks struct {
	own, common *decoder // the town's file, and the catalogue; nil where there is none
	origins     []origin // of each of the town's services, where there is a catalogue
}

// origin is the index of a service in the town's file and in the catalogue; -1 where it doesn't stand.
type origin struct{ own, common int }

var serviceField = regexp.MustCompile(`^services\[(\d+)\](?:\.([A-Za-z]+))?`)

// find returns the file that a field of the town stands in, and what the field is called there.
func (m *marks) find(field string) (*decoder, string) {
	parts := serviceField.FindStringSubmatch(field)
	if parts == nil || m.common == nil {
		return m.own, field
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil || n >= len(m.origins) {
		return m.own, field
	}
	rest := strings.TrimPrefix(field, "services["+parts[1]+"]")
	own, common := fmt.Sprintf("services[%d]", m.origins[n].own), fmt.Sprintf("services[%d]", m.origins[n].common)
	_, here := m.own.lines[own+"."+parts[2]]
	_, there := m.common.lines[common+"."+parts[2]]
	// What stands in neither file is missing where the town says something of its own.
	if m.origins[n].own < 0 || !here && there {
		return m.common, common + rest
	}
	return m.own, own + rest
}

// called is the name of a field in what is said about another: with its file, if that is not the same.
func (m *marks) called(field, beside string) string {
	d, at := m.find(field)
	if other, _ := m.find(beside); d != other {
		return d.file + ": " + at
	}
	return at
}

// readYAML reads a YAML file that a field names; nil where that can't be done.
func (l *loader) readYAML(name, field string, into any) *decoder {
	file, raw, ok := l.readBeside(name, field)
	if !ok {
		return nil
	}
	d := newDecoder(file)
	l.files = append(l.files, d)
	node := d.parse(raw)
	if node == nil {
		return nil
	}
	d.value(node, reflect.ValueOf(into).Elem(), "", node.Line)
	return d
}

// catalogue reads the services that the town's file shares with others, before the town's own are read over them.
func (l *loader) catalogue(root *yaml.Node) []Service {
	var shared struct {
		Services []Service `yaml:"services"`
	}
	for i := 0; root.Kind == yaml.MappingNode && i+1 < len(root.Content); i += 2 {
		key, item := root.Content[i], root.Content[i+1]
		if key.Value != "catalogue" || isNull(item) {
			continue
		}
		var c Catalogue
		l.own.value(item, reflect.ValueOf(&c).Elem(), "catalogue", key.Line)
		l.common = l.readYAML(c.File, "catalogue.file", &shared)
		l.blind = l.common == nil || len(l.common.faults) > 0
		l.own.base = func(slug string) (Service, bool) {
			i := slices.IndexFunc(shared.Services, func(s Service) bool { return s.Slug == slug })
			if i < 0 {
				return Service{}, l.blind
			}
			return shared.Services[i], true
		}
		break
	}
	return shared.Services
}

// merge puts the shared services before the town's own, each changed by what the town says of it.
func (l *loader) merge(t *Town, shared []Service) {
	own := t.Services
	l.own.base = nil
	if l.common == nil || l.blind {
		return
	}
	mine := func(slug string) int {
		return slices.IndexFunc(own, func(s Service) bool { return s.Slug == slug })
	}
	t.Services = nil
	changed := map[int]bool{}
	for n, s := range shared {
		if slices.Contains(t.Catalogue.Without, s.Slug) {
			continue
		}
		i := mine(s.Slug)
		if i >= 0 {
			changed[i] = true
			s = own[i]
		}
		t.Services = append(t.Services, s)
		l.origins = append(l.origins, origin{own: i, common: n})
	}
	for i, s := range own {
		if !changed[i] {
			t.Services = append(t.Services, s)
			l.origins = append(l.origins, origin{own: i, common: -1})
		}
	}
	for n, slug := range t.Catalogue.Without {
		at := fmt.Sprintf("catalogue.without[%d]", n)
		if !slices.ContainsFunc(shared, func(s Service) bool { return s.Slug == slug }) {
			l.fault(at, "%s has no service %q", l.common.file, slug)
		}
		if i := mine(slug); i >= 0 {
			l.fault(at, "%q stands in services[%d]", slug, i)
		}
	}
}

// kinds reads the list of kinds, checks all of it, and keeps those of the town's services.
func (l *loader) kinds(t *Town) {
	if t.KindsFile == "" {
		return
	}
	var list struct {
		Occasions []Occasion `yaml:"occasions,optional"`
		Kinds     []Kind     `yaml:"kinds"`
	}
	d := l.readYAML(t.KindsFile, "kinds", &list)
	if d == nil {
		return
	}
	if len(d.faults) == 0 {
		l.known, l.list = map[string]Kind{}, d.file
	}
	t.Occasions = list.Occasions
	in := newLoader(l.fsys, d)
	in.occasions(list.Occasions)
	slugs, keys := unique{}, unique{}
	for i, k := range list.Kinds {
		at := fmt.Sprintf("kinds[%d]", i)
		in.slug(k.Slug, at+".slug")
		in.once(slugs, k.Slug, at+".slug")
		if k.LeikaKey != "" {
			in.digits(k.LeikaKey, 14, at+".leikaKey")
			in.once(keys, k.LeikaKey, at+".leikaKey")
		}
		in.some(k.Words.DE, at+".words.de")
		in.some(k.Words.EN, at+".words.en")
		for language, words := range k.Newcomers.ByLanguage() {
			in.words(words, at+".newcomers."+language)
		}
		in.occasionsOf(k, list.Occasions, at+".occasions")
		in.sources(k.Source, k, at)
		if l.known != nil {
			l.known[k.Slug] = k
		}
		if slices.ContainsFunc(t.Services, func(s Service) bool { return s.Kind == k.Slug }) {
			t.Kinds = append(t.Kinds, k)
		}
	}
}

// occasions checks the list of occasions.
func (l *loader) occasions(occasions []Occasion) {
	slugs := unique{}
	for i, o := range occasions {
		at := fmt.Sprintf("occasions[%d].slug", i)
		l.slug(o.Slug, at)
		l.once(slugs, o.Slug, at)
		if o.Slug == OtherOccasion {
			l.fault(at, "%q is the slug of services without an occasion", o.Slug)
		}
	}
}

// OtherOccasion is the slug of the group of services that belong to no occasion.
const OtherOccasion = "other"

// occasionsOf checks that the occasions of a kind stand in the list.
func (l *loader) occasionsOf(k Kind, occasions []Occasion, at string) {
	seen := unique{}
	for i, slug := range k.Occasions {
		field := fmt.Sprintf("%s[%d]", at, i)
		l.once(seen, slug, field)
		if !slices.ContainsFunc(occasions, func(o Occasion) bool { return o.Slug == slug }) {
			l.fault(field, "there is no occasion %q", slug)
		}
	}
}

func (l *loader) some(words []string, field string) {
	if len(words) == 0 {
		l.fault(field, "there must be at least one")
	}
	l.words(words, field)
}

func (l *loader) words(words []string, field string) {
	seen := unique{}
	for i, word := range words {
		at := fmt.Sprintf("%s[%d]", field, i)
		l.once(seen, strings.ToLower(word), at)
		if len(word) > 80 {
			l.fault(at, "has more than 80 bytes")
		}
	}
}

// kind checks that a service's kind is one of the list, and that the LeiKa keys of the two name the same object: the
// first eight digits. The other six say what is done with it, on which catalogues differ.
func (l *loader) kind(s Service, at string) {
	if s.Kind == "" || l.known == nil { // without the list there is a fault already
		return
	}
	k, ok := l.known[s.Kind]
	switch {
	case !ok:
		l.fault(at+".kind", "there is no kind %q in %s", s.Kind, l.list)
	case len(k.LeikaKey) == 14 && len(s.LeikaKey) == 14 && k.LeikaKey[:8] != s.LeikaKey[:8]:
		l.fault(at+".leikaKey", "%s is another object than that of the kind %q, %s", s.LeikaKey, s.Kind, k.LeikaKey)
	}
}
