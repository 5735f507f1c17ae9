package normal_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"nelke/internal/normal"
)

func TestWhatIsTypedComesIntoOneForm(t *testing.T) {
	t.Parallel()
	for typed, kept := range map[string]string{
		"Mu\u0308ller":                "Müller",
		"A\u030A":                     "Å",
		"\u212B":                      "Å", // the angstrom sign
		"Muster\u00a0":                "Muster",
		"\u2003Muster\u3000":          "Muster",
		"\ufeffMuster":                "Muster",
		" \t Muster \r\n":             "Muster",
		"Muster\u200bmann":            "Mustermann",
		"Muster\u00admann":            "Mustermann",
		"Muster\u2060mann":            "Mustermann",
		"Muster\u034fmann":            "Mustermann",
		"Muster\u200dmann":            "Mustermann",
		"Muster\u200emann":            "Mustermann",
		"Muster\ufe0fmann":            "Mustermann",
		"u\u200b\u0308":               "ü",
		"\u3164":                      "",
		"\u200b\u200b":                "",
		"\u200fמרים\u200f":            "מרים",
		"می\u200cخواهم":               "می\u200cخواهم",
		"👩\u200d👩\u200d👧":             "👩\u200d👩\u200d👧",
		"❤\ufe0f":                     "❤\ufe0f",
		"Anna  Maria":                 "Anna  Maria",
		"O’Brien-D'Arc":               "O’Brien-D'Arc",
		"erste\r\nzweite\rdritte":     "erste\nzweite\ndritte",
		"erste\u2028zweite\u2029ende": "erste\nzweite\nende",
		"":                            "",
	} {
		lines, ok := normal.Lines(typed)
		require.True(t, ok, "%+q", typed)
		require.Equal(t, kept, lines, "%+q", typed)
		line, ok := normal.Line(typed)
		require.Equal(t, !strings.Contains(kept, "\n"), ok, "%+q", typed)
		require.Equal(t, kept, line, "%+q", typed)
	}
	for _, unfit := range []string{"\xff", "\ufffd", "\x00", "a\ab", "\x1b[2J", "a\u0085b", "\x7f", "a\vb", "\u202e", "a\u202ab", "\u2066", "a\u2069"} {
		_, ok := normal.Lines(unfit)
		require.False(t, ok, "%+q", unfit)
	}
	for _, unfit := range []string{"Muster\rmann", "Muster\nmann", "Muster\u2028mann", "Muster\u2029mann", "Muster\tmann"} {
		_, ok := normal.Line(unfit)
		require.False(t, ok, "%+q", unfit)
	}
}

// The letters of DIN 91379, with those that have no code point of their own, are written as registers write them.
func TestLettersOfRegistersStay(t *testing.T) {
	t.Parallel()
	const sequences = "A̋ C̀ C̄ C̆ C̈ C̕ C̣ C̦ C̨̆ D̂ F̀ F̄ G̀ H̄ H̦ H̱ J́ J̌ K̀ K̂ K̄ K̇ K̕ K̛ K̦ K͟H K͟h L̂ L̥ L̥̄ L̦ M̀ M̂ M̆ M̐ N̂ N̄ N̆ N̦ P̀ P̄ P̕ P̣ R̆ R̥ R̥̄ " +
		"S̀ S̄ S̛̄ S̱ T̀ T̄ T̈ T̕ T̛ U̇ Z̀ Z̄ Z̆ Z̈ Z̧ a̋ c̀ c̄ c̆ c̈ c̕ c̣ c̦ c̨̆ d̂ f̀ f̄ g̀ h̄ h̦ j́ k̀ k̂ k̄ k̇ k̕ k̛ k̦ k͟h l̂ l̥ l̥̄ l̦ m̀ m̂ m̆ m̐ n̂ n̄ n̆ n̦ " +
		"p̀ p̄ p̕ p̣ r̆ r̥ r̥̄ s̀ s̄ s̛̄ s̱ t̀ t̄ t̕ t̛ u̇ z̀ z̄ z̆ z̈ z̧ Ç̆ ç̆ Û̄ û̄ ß̣ ạ̈ ọ̈ ụ̈ Ạ̈ Ọ̈ Ụ̈ Ī́ ī́ Ō̂ ō̂"
	letters := strings.Fields(sequences)
	add := func(from, to rune) {
		for r := from; r <= to; r++ {
			letters = append(letters, string(r))
		}
	}
	add('A', 'Z')
	add('a', 'z')
	add('À', 'Ö')
	add('Ø', 'ö')
	add('ø', 'ň')
	add('Ŋ', 'ž')
	letters = append(letters, strings.Fields("Ə ə Ɨ Ơ ơ Ư ư Ʒ ʒ Ǎ ǎ Ǐ ǐ Ǒ ǒ Ǔ ǔ Ǖ ǖ Ǘ ǘ Ǚ ǚ Ǜ ǜ Ǟ ǟ Ǣ ǣ Ǥ ǥ Ǧ ǧ Ǩ ǩ Ǫ ǫ Ǭ ǭ Ǯ ǯ ǰ Ǵ ǵ Ǹ ǹ Ǻ ǻ Ǽ ǽ Ǿ ǿ Ȓ ȓ Ș ș Ț ț Ȟ ȟ ȧ Ȩ ȩ Ȫ ȫ Ȭ ȭ Ȯ ȯ Ȱ ȱ Ȳ ȳ ə ɨ "+
		"ʹ ʺ ʼ ʾ ʿ ˈ ˌ Ḃ ḃ Ḇ ḇ Ḋ ḋ Ḍ ḍ Ḏ ḏ Ḑ ḑ ḗ Ḝ ḝ Ḟ ḟ Ḡ ḡ Ḣ ḣ Ḥ ḥ Ḧ ḧ Ḩ ḩ Ḫ ḫ ḯ Ḱ ḱ Ḳ ḳ Ḵ ḵ Ḷ ḷ Ḻ ḻ Ṁ ṁ Ṃ ṃ Ṅ ṅ Ṇ ṇ Ṉ ṉ Ṓ ṓ Ṕ ṕ Ṗ ṗ Ṙ ṙ Ṛ ṛ Ṟ ṟ Ṡ ṡ Ṣ ṣ Ṫ ṫ Ṭ ṭ Ṯ ṯ Ẁ ẁ Ẃ ẃ Ẅ ẅ Ẇ ẇ Ẍ ẍ Ẏ ẏ "+
		"Ẑ ẑ Ẓ ẓ Ẕ ẕ ẖ ẗ ẞ Ạ ạ Ả ả Ấ ấ Ầ ầ Ẩ ẩ Ẫ ẫ Ậ ậ Ắ ắ Ằ ằ Ẳ ẳ Ẵ ẵ Ặ ặ Ẹ ẹ Ẻ ẻ Ẽ ẽ Ế ế Ề ề Ể ể Ễ ễ Ệ ệ Ỉ ỉ Ị ị Ọ ọ Ỏ ỏ Ố ố Ồ ồ Ổ ổ Ỗ ỗ Ộ ộ Ớ ớ Ờ ờ Ở ở Ỡ ỡ Ợ ợ Ụ ụ Ủ ủ Ứ ứ Ừ ừ Ử ử Ữ ữ Ự ự Ỳ ỳ Ỵ ỵ Ỷ ỷ Ỹ ỹ "+
		"' , - . ` ~ ¨ ´ · ‘ ’ † ‡")...)
	for _, letter := range letters {
		kept, ok := normal.Line("x" + letter + "x")
		require.True(t, ok, "%+q", letter)
		require.Equal(t, norm.NFC.String("x"+letter+"x"), kept, "%+q", letter)
	}
}

func TestWhatIsKeptIsKeptUnchanged(t *testing.T) {
	t.Parallel()
	runes := rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune(" \u00a0\u200b\u200c\u200d\u200e\u00ad\u0308\u0301\ufe0fuאé❤\n\r\u2028")))
	rapid.Check(t, func(t *rapid.T) {
		kept, ok := normal.Lines(rapid.StringOf(runes).Draw(t, "typed"))
		if !ok {
			return
		}
		again, ok := normal.Lines(kept)
		if !ok || again != kept || !norm.NFC.IsNormalString(kept) || !utf8.ValidString(kept) {
			t.Fatalf("%+q becomes %+q", kept, again)
		}
	})
}

func TestAddressesThatCanBeWrittenTo(t *testing.T) {
	t.Parallel()
	for address, sendable := range map[string]string{
		"erika@example.org": "erika@example.org", "Erika.Mustermann+amt@Example.ORG": "Erika.Mustermann+amt@example.org",
		"erika@müller.de": "erika@xn--mller-kva.de", "erika@xn--mller-kva.de": "erika@xn--mller-kva.de", "o'brien@example.co.uk": "o'brien@example.co.uk",
		"erika@почта.рф": "erika@xn--80a1acny.xn--p1ai", "a@b.de": "a@b.de", "1@2.de": "1@2.de", "erika@straße.de": "erika@xn--strae-oqa.de",
	} {
		got, fault := normal.Email(address)
		require.Equal(t, normal.EmailFine, fault, address)
		require.Equal(t, sendable, got)
	}
	for _, address := range []string{
		"", "erika", "erika@", "@example.org", "erika@@example.org", "Erika <erika@example.org>", "a@b.de, c@d.de", "erika@example.org\nBcc: x@y.de",
		"a@b", "erika@localhost", "erika@mail.localhost", "erika@[127.0.0.1]", "erika@127.0.0.1", "erika@[IPv6:::1]", "erika@example.org.", "erika@.org",
		"erika@example..org", "erika@-example.org", "erika@exam_ple.org", "erika@exa mple.org", ".erika@example.org", "erika.@example.org", "er..ika@example.org",
		`"er ika"@example.org`, "erika@example.org>", "erika(x)@example.org", "er ika@example.org", strings.Repeat("x", 65) + "@example.org",
		"x@" + strings.Repeat("x.", 130) + "de", "erika@xn--a.de", "erika@" + strings.Repeat("x", 64) + ".de", "erika@example.org\n",
	} {
		_, fault := normal.Email(address)
		require.Equal(t, normal.EmailForm, fault, "%+q", address)
	}
	for _, address := range []string{"jürgen@example.org", "用户@example.org"} {
		_, fault := normal.Email(address)
		require.Equal(t, normal.EmailLocal, fault, address)
	}
}

func TestDigitsOfAnyScript(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"٠٥٢٣٥٥٠٤٠": "052355040", "۰۵۲۳۵": "05235", "०५२३५": "05235", "\uff0b\uff14\uff19": "+49", "𝟎𝟗𝟘𝟡𝟶𝟿": "090909", "05235 ½ Straße": "05235 ½ Straße",
	} {
		require.Equal(t, want, normal.Digits(typed))
	}
	for r := range unicode.MaxRune {
		if unicode.IsDigit(r) {
			require.Equal(t, string('0'+numberOf(t, r)), normal.Digits(string(r)), "%U", r)
		}
	}
}

// numberOf finds a digit's value by counting the digits before it.
func numberOf(t *testing.T, r rune) rune {
	t.Helper()
	n := rune(0)
	for unicode.IsDigit(r - n - 1) {
		n++
	}
	return n % 10
}
