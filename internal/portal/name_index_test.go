package portal

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// Each line is one word, however it is typed.
func TestANameIsOneWordHoweverItIsTyped(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"Müller", "MÜLLER", "mueller", "Muller", "Mu\u0308ller", "Mu\u00adller", "Mueller\u200b", " Müller ", "\uff2d\u00fcller"},
		{"Weiß", "WEISS", "weiss", "Weiẞ"},
		{"Öztürk", "Oeztuerk", "Ozturk", "ÖZTÜRK"},
		{"O'Neill", "O’Neill", "ONeill", "o´neill"},
		{"Łukasz", "lukasz"},
		{"Đorđe", "dorde"},
		{"İnce", "ince", "Ince"},
		{"ışık", "Isik"},
		{"Sørensen", "Soerensen", "Sorensen"},
		{"Jäger", "Jaeger", "Jager"},
		{"Françoise", "Francoise"},
		{"Nguyễn", "Nguyen"},
		{"Ковалёва", "КОВАЛЕВА"},
		{"Παπαδόπουλος", "ΠΑΠΑΔΟΠΟΥΛΟΣ"},
		{"한", norm.NFD.String("한")},
	} {
		for _, typed := range same {
			require.Equal(t, nameWords(same[0]), nameWords(typed), typed)
			require.Len(t, nameWords(typed), 1, typed)
		}
	}
	for _, other := range [][2]string{{"Müller", "Miller"}, {"Meier", "Mayer"}, {"Müller", "Müllers"}, {"Schmidt", "Schmitt"}, {"Li", "Lin"}} {
		require.NotEqual(t, nameWords(other[0]), nameWords(other[1]))
	}
	require.Equal(t, []string{"hans", "ludenscheidt", "muller", "van"}, nameWords("Hans van", "Müller-Lüdenscheidt"))
	require.Empty(t, nameWords("", " - ", "\u200b", "\xff"))
	require.Len(t, nameWords(strings.Repeat("a b c d e f g h i j k l m n o p q r s t u v w x y z ", 3)), maxNameWords)
	require.LessOrEqual(t, len(nameWords(strings.Repeat("x", 5000))[0]), maxNameRunes)
}

func TestTheNormalFormOfANormalFormIsItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.String().Draw(rt, "name")
		words := nameWords(name)
		require.Equal(rt, words, nameWords(norm.NFD.String(name)))
		require.Equal(rt, words, nameWords(norm.NFC.String(name)))
		for _, word := range words {
			require.NotContains(rt, word, " ")
			require.NotEmpty(rt, word)
		}
	})
}

func TestNamesAreFoundInAnswers(t *testing.T) {
	t.Parallel()
	require.ElementsMatch(t, []string{"Erika", "Mustermann", "Gabler", "Anna"}, namesIn(`{"givenNames": "Erika", "familyName": "Mustermann",
		"birthName": "Gabler", "street": "Namenweg", "partners": [{"givenNames": "Anna", "age": 3, "nameKnown": true}], "copies": 2}`))
	require.Empty(t, namesIn(""))
	require.Empty(t, namesIn("nonsense"))
}
