package xzufi

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

func readService(e *element) (s Service, err error) {
	s = Service{
		ID: e.child("id").id(), Slug: e.textOf("idSekundaer"), LeikaKey: e.code("referenzLeiKa"), Region: e.textOf("gueltigkeitGebietID"),
		Trust: trustOf(e.code("vertrauensniveau")), Changed: changed(e),
	}
	if kind := e.child("kategorie"); kind != nil {
		s.Kind, s.KindName = kind.textOf("id"), kind.texts("bezeichnung")
	}
	if err := s.readModules(e); err != nil {
		return s, err
	}
	if err := s.readWindow(e.child("modulFrist")); err != nil {
		return s, err
	}
	if err := s.readPrices(e.child("modulKosten")); err != nil {
		return s, err
	}
	if err := s.readBases(e); err != nil {
		return s, err
	}
	if words := e.child("modulBegriffImKontext"); words != nil {
		s.Synonyms = map[string][]string{}
		for _, w := range words.all("begriffImKontext") {
			language := w.child("begriff").attributes["languageCode"]
			s.Synonyms[language] = append(s.Synonyms[language], w.textOf("begriff"))
		}
	}
	assumed, err := readNote(e)
	if err != nil {
		return s, err
	}
	for _, name := range assumed {
		from, price := strings.CutPrefix(name, "fees[")
		if !price {
			s.Assumed = append(s.Assumed, name)
			continue
		}
		i := slices.IndexFunc(s.Fees, func(f Fee) bool { return f.ValidFrom+"]" == from })
		if i < 0 {
			return s, fmt.Errorf("no price for %s", name)
		}
		s.Fees[i].Assumed = true
	}
	return s, nil
}

func (s *Service) readModules(e *element) error {
	modules := map[string]*element{}
	for _, m := range e.all("modulText") {
		code := m.code("leikaTextmodul")
		if modules[code] != nil {
			return fmt.Errorf("module %s stands twice", code)
		}
		modules[code] = m
	}
	for _, code := range []string{moduleTitle, moduleName, moduleSummary, moduleProcedure} {
		if modules[code] == nil {
			return fmt.Errorf("no module %s", code)
		}
	}
	s.Name = modules[moduleName].texts("inhalt")
	if title := modules[moduleTitle].texts("inhalt"); s.Kind == "" && !maps.Equal(title, s.Name) || s.Kind != "" && !maps.Equal(title, s.KindName) {
		return fmt.Errorf("the title is %v", title)
	}
	for code, read := range map[string]func(language string, all []block) error{
		moduleSummary: func(l string, all []block) error { return put(&s.Summary, l, markdown(all)) },
		moduleMessage: func(l string, all []block) error { return put(&s.Message, l, markdown(all)) },
		moduleBody:    s.readSections, moduleProcedure: s.readProcedure,
		moduleDocuments: func(l string, all []block) error { return spread(&s.Documents, l, all) },
	} {
		m := modules[code]
		if m == nil {
			continue
		}
		for _, text := range m.all("inhalt") {
			all, err := blocks(text.text)
			if err == nil {
				err = read(text.attributes["languageCode"], all)
			}
			if err != nil {
				return fmt.Errorf("module %s: %w", code, err)
			}
		}
	}
	if m := modules[moduleLinks]; m != nil {
		for _, l := range m.all("weiterfuehrenderLink") {
			language, url := l.attributes["languageCode"], l.textOf("uri")
			last := len(s.Links) - 1
			if last < 0 || s.Links[last].URL != url || len(s.Links[last].Label) == len(Languages()) {
				s.Links = append(s.Links, Link{URL: url, Label: Text{}})
				last++
			}
			s.Links[last].Label[language] = l.textOf("titel")
		}
	}
	return nil
}

func put(into *Text, language, text string) error {
	if *into == nil {
		*into = Text{}
	}
	(*into)[language] = text
	return nil
}

// spread puts the items of a list, in one language, into a list of texts.
func spread(into *[]Text, language string, all []block) error {
	if len(all) != 1 || all[0].tag != "ul" {
		return errors.New("not a list")
	}
	if *into == nil {
		*into = make([]Text, len(all[0].lines))
	}
	if len(*into) != len(all[0].lines) {
		return errors.New("not as many as in the other language")
	}
	for i, line := range all[0].lines {
		if (*into)[i] == nil {
			(*into)[i] = Text{}
		}
		(*into)[i][language] = line
	}
	return nil
}

func (s *Service) readSections(language string, all []block) error {
	n := 0
	for i := 0; i < len(all); {
		if all[i].tag != "h2" {
			return errors.New("something stands before the first heading")
		}
		end := i + 1
		for end < len(all) && all[end].tag != "h2" {
			end++
		}
		if n == len(s.Sections) {
			s.Sections = append(s.Sections, Section{Title: Text{}, Body: Text{}})
		}
		s.Sections[n].Title[language], s.Sections[n].Body[language] = all[i].lines[0], markdown(all[i+1:end])
		i = end
		n++
	}
	if n != len(s.Sections) {
		return errors.New("not as many sections as in the other language")
	}
	return nil
}

func (s *Service) readProcedure(language string, all []block) error {
	if len(all) != 2 || all[0].tag != "ul" || all[1].tag != "p" {
		return errors.New("not a list and a sentence")
	}
	var ways []string
	for _, line := range all[0].lines {
		way, err := word(channels(), line, language)
		if err != nil {
			return err
		}
		ways = append(ways, way)
	}
	delivery, err := word(deliveries(), all[1].lines[0], language)
	if err != nil {
		return err
	}
	if s.Delivery != "" && (s.Delivery != delivery || !slices.Equal(s.Channels, ways)) {
		return errors.New("another procedure in the other language")
	}
	s.Channels, s.Delivery = ways, delivery
	return nil
}

func (s *Service) readWindow(e *element) error {
	if e == nil {
		return nil
	}
	for _, text := range e.all("beschreibung") {
		lines, err := items(text.text)
		if err != nil {
			return err
		}
		var w Window
		for _, line := range lines {
			language := text.attributes["languageCode"]
			at, edge := strings.CutPrefix(line, opens()[language])
			into := &w.Opens
			if !edge {
				at, edge = strings.CutPrefix(line, closes()[language])
				into = &w.Closes
			}
			if !edge {
				return fmt.Errorf("window %q", line)
			}
			if *into, err = time.Parse(time.RFC3339Nano, at); err != nil {
				return err
			}
		}
		if s.Window != (Window{}) && s.Window != w {
			return errors.New("windows differ by language")
		}
		s.Window = w
	}
	return nil
}

func (s *Service) readPrices(e *element) error {
	if e == nil {
		return nil
	}
	for _, k := range e.all("kosten") {
		f := Fee{FurtherCopy: -1, Currency: "EUR", LegalBasis: k.texts("beschreibung")}
		span := k.child("gueltigkeit")
		f.ValidFrom, f.Until = span.textOf("beginn"), span.textOf("ende")
		if fix := k.child("kostenFix"); fix != nil {
			amount := fix.child("betrag")
			n, err := cents(amount.text)
			if err != nil {
				return err
			}
			f.Cents, f.Currency = n, amount.attributes["currencyCode"]
		}
		if maps.Equal(f.LegalBasis, furtherCopy()) {
			if len(s.Fees) == 0 {
				return errors.New("a further copy without a first one")
			}
			s.Fees[len(s.Fees)-1].FurtherCopy = f.Cents
			continue
		}
		s.Fees = append(s.Fees, f)
	}
	return nil
}

// readBases holds the module of legal bases to the prices, which name the same.
func (s *Service) readBases(e *element) error {
	bases := basesOf(s)
	for _, m := range e.all("modulText") {
		if m.code("leikaTextmodul") != moduleBases {
			continue
		}
		for _, text := range m.all("inhalt") {
			lines, err := items(text.text)
			if err != nil {
				return err
			}
			if want := inLanguage(bases, text.attributes["languageCode"]); !slices.Equal(lines, want) {
				return fmt.Errorf("legal bases %q, and of the prices %q", lines, want)
			}
		}
		return nil
	}
	if len(bases) > 0 {
		return errors.New("no module of legal bases")
	}
	return nil
}
