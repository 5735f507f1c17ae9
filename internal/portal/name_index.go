package portal

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/internal/schedule"
	"nelke/internal/store"
)

// This file owns the table name_words: one row per word of a name and thing that has it, so that staff find a booking or
// an application by a name. Words are compared whole: a keyed hash can take the place of each, and a search stays one
// lookup of an index. A name that is corrected or erased takes its words with it.

// maxNameWords is how many words of the names of one thing are indexed. maxNameRunes is how much of a word counts.
const (
	maxNameWords = 24
	maxNameRunes = 64
)

// apostrophes don't part words. NFKD would make a blank of some of them.
const apostrophes = "'’‘ʼʻ`´"

// Letters that have no decomposition, and the two ways of writing an umlaut.
//
//nolint:gochecknoglobals // tables, never written
var (
	plainLetters = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i", "ħ", "h", "ŋ", "n", "ς", "σ")
	umlauts      = strings.NewReplacer("ae", "a", "oe", "o", "ue", "u")
)

// nameWords returns the words of names in the form in which they are indexed and searched, sorted, each once. The form
// has neither case nor marks, and writes an umlaut like its vowel, with or without an e: Müller, MÜLLER, Mueller and
// Muller are one word, Weiß and Weiss, Öztürk and Ozturk are. So are Bauer and Baur: a search may find a neighbor, and
// never misses because of a keyboard. Hyphens and dots part words, apostrophes don't.
func nameWords(names ...string) []string {
	var words []string
	for _, name := range names {
		words = append(words, strings.FieldsFunc(foldName(name), func(r rune) bool { return r == ' ' })...)
	}
	slices.Sort(words)
	words = slices.Compact(words)
	return words[:min(len(words), maxNameWords)]
}

// foldName returns a name in its normal form, words parted by blanks.
func foldName(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(apostrophes, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	letters := 0
	folded := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsNumber(r):
			if letters++; letters > maxNameRunes {
				return -1
			}
			return r
		case unicode.IsMark(r), unicode.Is(unicode.Cf, r):
			return -1
		default:
			letters = 0
			return ' '
		}
	}, strings.ToLower(norm.NFKD.String(name)))
	return norm.NFC.String(umlauts.Replace(plainLetters.Replace(folded)))
}

// namesIn returns the names in the answers of a form: the texts of all properties that are called a name.
func namesIn(answers string) (names []string) {
	var root any
	if json.Unmarshal([]byte(answers), &root) != nil {
		return nil
	}
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case string:
			if lower := strings.ToLower(name); strings.HasSuffix(lower, "name") || strings.HasSuffix(lower, "names") {
				names = append(names, v)
			}
		case map[string]any:
			for name, v := range v {
				walk(name, v)
			}
		case []any:
			for _, v := range v {
				walk(name, v)
			}
		}
	}
	walk("", root)
	return names
}

// The kinds of things that are found by name.
const (
	namedAppointment = "appointment"
	namedApplication = "application"
)

// named is a thing that has a name: its id, its town, and its kind.
type named struct {
	kind, id, municipality string
}

// indexName replaces the words of a thing's names. It runs in the transaction that writes the names; before are the names
// as they were indexed, none where the thing had no name yet.
func (tx *Tx) indexName(ctx context.Context, thing named, before, after []string) error {
	was, is := nameWords(before...), nameWords(after...)
	gone := slices.DeleteFunc(slices.Clone(was), func(word string) bool { return slices.Contains(is, word) })
	if len(gone) > 0 {
		a := tx.Args()
		if _, err := tx.exec(ctx, a, `DELETE FROM name_words WHERE municipality_id = `+a.Bind(thing.municipality)+` AND kind = `+a.Bind(thing.kind)+
			` AND subject = `+a.Bind(thing.id)+` AND word `+store.In(a, gone)); err != nil {
			return err
		}
	}
	fresh := slices.DeleteFunc(is, func(word string) bool { return slices.Contains(was, word) })
	return tx.addWords(ctx, thing, fresh)
}

// addWords adds words to those of a thing. One that is there stays there.
func (tx *Tx) addWords(ctx context.Context, thing named, words []string) error {
	if len(words) == 0 {
		return nil
	}
	a := tx.Args()
	_, err := tx.exec(ctx, a, `INSERT INTO name_words (municipality_id, kind, word, subject) SELECT `+text(a.Bind(thing.municipality))+`, `+
		text(a.Bind(thing.kind))+`, word, `+text(a.Bind(thing.id))+` FROM `+store.Rows(a, words, "word")+` WHERE true ON CONFLICT DO NOTHING`)
	return err
}

// indexAppointment indexes the name of whom an appointment is for. was is the appointment as it stood before; nil where
// nobody's name stood in it.
func (tx *Tx) indexAppointment(ctx context.Context, was, is *ent.Appointment) error {
	var before []string
	if was != nil {
		before = []string{was.GivenName, was.FamilyName}
	}
	return tx.indexName(ctx, named{namedAppointment, is.ID, is.MunicipalityID}, before, []string{is.GivenName, is.FamilyName})
}

// indexApplication indexes the names of an application that is with the office: those in its answers, and that of the
// case's contact; and the local day of its submission. corrected are answers that correct the others.
func (tx *Tx) indexApplication(ctx context.Context, app *ent.Application, contact *ent.CaseFile, zone *time.Location, corrected string) error {
	names := append(namesIn(app.Answers), contact.GivenName, contact.FamilyName)
	words := append(nameWords(append(names, namesIn(corrected)...)...), dayWord(schedule.DateOf(*app.SubmittedAt, zone)))
	return tx.addWords(ctx, named{namedApplication, app.ID, app.MunicipalityID}, words)
}

// dayWord is the day of an application's submission among its words. No word of a name has a hyphen.
func dayWord(day schedule.Date) string { return day.String() }

// maxNamedApplications is how many applications of a case follow its contact's name: the newest ones.
const maxNamedApplications = 100

// renameContact has the applications of a case that are with the office follow the name of its contact. Words that their
// answers have stay.
func (tx *Tx) renameContact(ctx context.Context, was, is *ent.CaseFile) error {
	before, after := []string{was.GivenName, was.FamilyName}, []string{is.GivenName, is.FamilyName}
	if slices.Equal(nameWords(before...), nameWords(after...)) {
		return nil
	}
	apps, err := tx.Application.Query().Where(application.CaseID(was.ID), application.SubmittedAtNotNil()).
		WithRequests().Order(ent.Desc(application.FieldID)).Limit(maxNamedApplications).All(ctx)
	if err != nil {
		return err
	}
	for _, app := range apps {
		own := namesIn(app.Answers)
		for _, r := range app.Edges.Requests {
			own = append(own, namesIn(r.Corrections)...)
		}
		thing := named{namedApplication, app.ID, app.MunicipalityID}
		if err := tx.indexName(ctx, thing, append(slices.Clone(own), before...), append(slices.Clone(own), after...)); err != nil {
			return err
		}
	}
	return nil
}
