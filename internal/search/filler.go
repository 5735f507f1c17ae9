package search

import "strings"

// set returns the folded words of some lists.
func set(lists ...string) map[string]bool {
	words := map[string]bool{}
	for _, list := range lists {
		for word := range strings.FieldsSeq(list) {
			words[fold(word)] = true
		}
	}
	return words
}

// stops are words that are left out of what is searched for.
func stops() map[string]bool {
	return set(
		"der die das den dem des ein eine einen einem einer eines und oder für fürs in im ins am an ab zu zum zur von vom mit bei beim auf aus um über als",
		"mein meine meinen meinem meiner dein ihr unser ich wir du sie er es mich mir uns man ist sind war bin habe hab haben hat hätte wird werde werden wurde",
		"will wollen möchte brauche brauchen benötige muss müssen kann können darf soll wie wo was wann wer welche welcher gern gerne bitte mal",
		"nicht kein keine keinen noch schon auch nur hier dort da so dass wenn weil",
		"a an the my our your his her of for to on at with and or i we you is are was be do does did can could must how where what when which please me us it its",
		"bir ve için benim istiyorum nasıl nerede",                           // Turkish
		"и в на для как где мне мой я хочу нужен нужна нужно не",             // Russian
		"і й в у на для як де мені мій я хочу потрібен потрібна потрібно не", // Ukrainian
		"i w z na do o dla jak gdzie mi mój chcę",                            // Polish
		"de la și un o pentru cum unde vreau mea meu",                        // Romanian
		"في من على كيف اين اريد الى",                                         // Arabic
	)
}

// fillers are words that say what somebody wants to do with a service or to know of it, and nearly nothing of which service it is.
func fillers() map[string]bool {
	return set(
		"beantragen beantrage beantragung antrag anträge bestellen bestelle bestellung nachbestellen anfordern bekommen kriegen erhalten holen machen lassen stellen ausstellen besorgen",
		"online internet digital formular formulare pdf download vordruck link website termin termine buchen vereinbaren",
		"kosten kostet koste gebühr gebühren preis teuer viel lange dauert dauer dauern wartezeit bearbeitungszeit öffnungszeiten öffnungszeit unterlagen nötig",
		"ändern ändere änderung neu neue neuen neuer neues heute jetzt morgen dringend per nach post hilfe frage fragen info informationen service dienst",
		"bürgerbüro bürgeramt rathaus amt behörde stadt gemeinde kreis stadtverwaltung verwaltung nrw",
		"apply application applying form forms order ordering request get obtain online website appointment book cost costs fee fees price long take takes much need want new help info",
		"office city town hall council local near",
		"başvuru başvurusu almak yeni randevu çıkarmak",
		"получить заявление подать новый новая оформить запись",
		"отримати заява подати новий нова оформити запис",
		"wniosek nowy nowa wyrobić uzyskać złożyć",
		"cerere nou obține programare",
		"طلب جديد موعد استخراج",
	)
}
