package catalogue

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"nelke/ent"
	entchange "nelke/ent/change"
	"nelke/ent/predicate"
	"nelke/internal/cache"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/schedule"
	"nelke/internal/store"
	"nelke/internal/xzufi"
)

// Export is the catalogue of some towns as a document, finished and compressed. It is shared: nobody changes it.
type Export struct {
	Gzip []byte
	Size int    // in bytes, not compressed
	Hash string // of the document's bytes, base64url: other bytes have another
	made heads
}

// Lasting lets the document outlive the database.
func (*Export) Lasting() {}

// Weight keeps the document in this process, and is what it takes in memory.
func (e *Export) Weight() int {
	if e == nil {
		return 1
	}
	return len(e.Gzip) + len(e.Hash) + 128*len(e.made)
}

// XZuFi returns the catalogue of the towns whose Regionalschlüssel begin so as a message of XZuFi 2.2: all services that are
// offered with all their prices, texts and languages, the towns and offices that are responsible for them, and where they
// can be asked for online. Site is the address under which people reach the service, without a slash at its end. It returns
// nil where no town's key begins so. The same catalogue is the same bytes, whoever makes it and when.
//
// It is made once for all who ask at the same time, and kept until a catalogue changes; what else is remembered bounds it.
func (r *Reader) XZuFi(ctx context.Context, ars, site string) (_ *Export, err error) {
	defer problem.Wrap(&err, "XZuFi(%s)", ars)

	d, err := r.directory(ctx)
	if err != nil {
		return nil, err
	}
	var wanted []*ent.Municipality
	for _, m := range d.towns {
		if strings.HasPrefix(m.Ars, ars) {
			wanted = append(wanted, m)
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	// Whoever asks for the same towns in other words gets the same document.
	region := wanted[0].Ars
	for _, m := range wanted {
		for !strings.HasPrefix(m.Ars, region) {
			region = region[:len(region)-1]
		}
	}
	same := func(ctx context.Context, e *Export) (bool, error) { return r.upToDate(ctx, e.made) }
	return cache.Renew(ctx, r.cache, "xzufi:"+region+":"+site, []live.Key{live.Directory, live.Feed}, same, func(ctx context.Context) (*Export, time.Time, error) {
		e, err := r.export(ctx, d, region, site)
		return e, time.Time{}, err
	})
}

func (r *Reader) export(ctx context.Context, d *directory, region, site string) (*Export, error) {
	towns, err := r.towns(ctx, func(m *ent.Municipality) bool { return strings.HasPrefix(m.Ars, region) })
	if err != nil {
		return nil, err
	}
	x := exporter{site: site, changed: map[string]time.Time{}}
	if x.kinds, err = r.Kinds(ctx); err != nil {
		return nil, err
	}
	ids := make([]string, len(towns))
	for i, t := range towns {
		ids[i] = t.ID
	}
	rows, err := r.store.Reader().Change.Query().Where(store.OneOf[predicate.Change](entchange.FieldMunicipalityID, ids)).All(ctx)
	if err != nil {
		return nil, err
	}
	head := xzufi.Head{ID: uuid.Nil.String(), Sender: site}
	for _, row := range rows {
		x.changed[row.ID] = row.At
		if row.At.After(head.Created) {
			head.Created = row.At
		}
	}
	// The message's id is made of all the rest of it, so that the same message has the same one.
	first := newDigest()
	if err := x.write(first, head, towns); err != nil {
		return nil, err
	}
	head.ID = first.uuid()
	second := newDigest()
	var body bytes.Buffer
	small := gzip.NewWriter(&body)
	if err := x.write(io.MultiWriter(second, small), head, towns); err != nil {
		return nil, err
	}
	if err := small.Close(); err != nil {
		return nil, err
	}
	return &Export{Gzip: body.Bytes(), Size: second.size, Hash: base64.RawURLEncoding.EncodeToString(second.Sum(nil)[:16]), made: d.heads(towns)}, nil
}

// digest is a hash that counts.
type digest struct {
	hash.Hash
	size int
}

func newDigest() *digest { return &digest{Hash: sha256.New()} }

func (d *digest) Write(b []byte) (int, error) {
	d.size += len(b)
	return d.Hash.Write(b)
}

// uuid is a UUID of the hash (RFC 9562, section 5.8).
func (d *digest) uuid() string {
	var id uuid.UUID
	copy(id[:], d.Sum(nil))
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id.String()
}

// exporter writes towns as the format has them.
type exporter struct {
	site    string
	kinds   []*ent.ServiceKind
	changed map[string]time.Time // by id
}

func (x *exporter) write(to io.Writer, head xzufi.Head, towns []*Town) error {
	w := xzufi.NewWriter(to, head)
	for _, t := range towns {
		if err := x.town(w, t); err != nil {
			return fmt.Errorf("town %s: %w", t.Slug, err)
		}
	}
	return w.Close()
}

func (x *exporter) town(w *xzufi.Writer, t *Town) error {
	own := xzufi.ID{Agency: t.Ars, Value: t.ID}
	region := xzufi.Region{ARS: t.Ars, AGS: t.Ags}
	unit := xzufi.Unit{
		ID: own, Slug: t.Slug, Name: xzufi.Text{"de": t.Name, "en": t.Name}, Region: region, Website: t.Website,
		Assumed: t.Assumed, Changed: x.changed[t.ID],
	}
	for _, s := range t.Services {
		unit.Serves = append(unit.Serves, xzufi.ID{Agency: t.Ars, Value: s.ID})
	}
	if err := w.Unit(&unit); err != nil {
		return err
	}
	for _, o := range t.Offices {
		office := xzufi.Unit{
			ID: xzufi.ID{Agency: t.Ars, Value: o.ID}, Slug: o.Slug, Parent: &own, Name: xzufi.Text(o.Name), Region: region,
			Address: &xzufi.Address{Street: o.Street, HouseNumber: o.HouseNumber, PostalCode: o.PostalCode, City: o.City},
			Phone:   o.Phone, Email: o.Email, Hours: o.weekly(), Assumed: o.Assumed, Changed: x.changed[o.ID],
		}
		for _, s := range t.Services {
			if slices.ContainsFunc(o.ActiveCounters(), func(c *ent.Counter) bool { return slices.Contains(c.Services, s.ID) }) {
				office.Serves = append(office.Serves, xzufi.ID{Agency: t.Ars, Value: s.ID})
			}
		}
		if err := w.Unit(&office); err != nil {
			return err
		}
	}
	for _, s := range t.Services {
		if err := w.Service(x.service(s)); err != nil {
			return fmt.Errorf("service %s: %w", s.Slug, err)
		}
		if !slices.Contains(s.Channels, "ONLINE") || s.Closed {
			continue
		}
		online := xzufi.Online{
			ID: xzufi.ID{Agency: t.Ars, Value: s.ID}, Name: xzufi.Text(s.Name), URL: x.site + "/#/" + t.Slug + "/" + s.Slug,
			Trust: s.Trust.String(), Region: t.Ars, Changed: x.changed[s.ID],
		}
		if err := w.Online(&online); err != nil {
			return fmt.Errorf("service %s: %w", s.Slug, err)
		}
	}
	return nil
}

func (x *exporter) service(s *Service) *xzufi.Service {
	e := &xzufi.Service{
		ID: xzufi.ID{Agency: s.Town.Ars, Value: s.ID}, Slug: s.Slug, Region: s.Town.Ars, Name: xzufi.Text(s.Name), Summary: xzufi.Text(s.Summary),
		Channels: s.Channels, Delivery: s.Delivery.String(), Trust: s.Trust.String(), Message: xzufi.Text(s.StateMessage),
		Assumed: s.Assumed, Changed: x.changed[s.ID], Synonyms: map[string][]string{},
	}
	if s.LeikaKey != nil {
		e.LeikaKey = *s.LeikaKey
	}
	for _, section := range s.Information {
		e.Sections = append(e.Sections, xzufi.Section{Title: xzufi.Text(section.Title), Body: xzufi.Text(section.Body)})
	}
	for _, document := range s.Documents {
		e.Documents = append(e.Documents, xzufi.Text(document))
	}
	for _, l := range s.Links {
		e.Links = append(e.Links, xzufi.Link{URL: l.URL, Label: xzufi.Text(l.Label)})
	}
	for _, f := range s.Fees {
		fee := xzufi.Fee{
			Cents: f.Cents, FurtherCopy: -1, Currency: f.Currency, LegalBasis: xzufi.Text(f.LegalBasis),
			ValidFrom: f.ValidFrom, Until: f.ValidTo, Assumed: f.Source == assumedFee,
		}
		if f.FurtherCopyCents != nil {
			fee.FurtherCopy = *f.FurtherCopyCents
		}
		e.Fees = append(e.Fees, fee)
	}
	if s.OpensAt != nil {
		e.Window.Opens = *s.OpensAt
	}
	if s.ClosesAt != nil {
		e.Window.Closes = *s.ClosesAt
	}
	kind, known := slices.BinarySearchFunc(x.kinds, s.Kind, func(k *ent.ServiceKind, slug string) int { return strings.Compare(k.ID, slug) })
	for _, language := range xzufi.Languages() {
		words := slices.Clone(s.Synonyms[language])
		if known {
			words = append(words, x.kinds[kind].Synonyms[language]...)
		}
		var once []string
		for _, word := range words {
			if !slices.Contains(once, word) {
				once = append(once, word)
			}
		}
		e.Synonyms[language] = once
	}
	if known {
		e.Kind, e.KindName = s.Kind, xzufi.Text(x.kinds[kind].Name)
	}
	return e
}

// assumedFee marks a price that the town hasn't confirmed.
const assumedFee = "assumed"

// weekly are the office's hours of the week, Monday first.
func (o *Office) weekly() []xzufi.Hours {
	all := make([]xzufi.Hours, len(o.Rules.Openings))
	day := func(d schedule.Date) string {
		if d == (schedule.Date{}) {
			return ""
		}
		return d.String()
	}
	for i, r := range o.Rules.Openings {
		all[i] = xzufi.Hours{Weekday: r.Weekday, From: r.From.String(), To: r.To.String(), ValidFrom: day(r.ValidFrom), Until: day(r.ValidTo)}
	}
	slices.SortStableFunc(all, func(a, b xzufi.Hours) int {
		return cmp.Or(cmp.Compare(a.ValidFrom, b.ValidFrom), cmp.Compare((a.Weekday+6)%7, (b.Weekday+6)%7), cmp.Compare(a.From, b.From))
	})
	return all
}
