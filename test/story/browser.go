package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// browser opens pages as people do who follow a link. It has the public address of the service alone; each request
// goes to the next process, as behind a load balancer.
type browser struct {
	processes []*process
	turn      int
	language  string
	http      *http.Client
}

// newBrowser makes one for people who read a language. Redirects are answers to it: a reader should see each of them.
func newBrowser(processes []*process, language string, from *http.Client) *browser {
	own := *from
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{processes: processes, language: language, http: &own}
}

// visit is a request that a browser made, and what came back.
type visit struct {
	page

	Method  string
	Address string
	At      *process
	Status  int
	On      string // where a redirect leads; empty where there is none
	Took    time.Duration
}

// open opens an address.
func (b *browser) open(ctx context.Context, address string) (visit, error) {
	return b.send(ctx, http.MethodGet, address, nil)
}

// press sends the form of a page by one of its buttons, found by what is written on it.
func (b *browser) press(ctx context.Context, on visit, label string) (visit, error) {
	i := slices.IndexFunc(on.Buttons, func(b button) bool { return b.Label == label })
	if i < 0 {
		return visit{}, fmt.Errorf("the page has no button %q, but %v", label, on.Buttons)
	}
	return b.send(ctx, http.MethodPost, on.Address, url.Values{on.Buttons[i].Name: {on.Buttons[i].Value}})
}

func (b *browser) send(ctx context.Context, method, address string, form url.Values) (_ visit, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	asked, err := url.Parse(address)
	if err != nil {
		return visit{}, err
	}
	v := visit{Method: method, Address: address, At: b.processes[b.turn%len(b.processes)]}
	b.turn++
	r, err := http.NewRequestWithContext(ctx, method, v.At.URL+asked.RequestURI(), strings.NewReader(form.Encode()))
	if err != nil {
		return visit{}, err
	}
	r.Host = asked.Host
	r.Header = http.Header{"Accept": {"text/html"}, "Accept-Language": {b.language}}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", asked.Scheme+"://"+asked.Host)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	began := time.Now()
	answer, err := b.http.Do(r)
	if err != nil {
		return visit{}, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return visit{}, err
	}
	v.Took, v.Status = time.Since(began), answer.StatusCode
	if on := answer.Header.Get("Location"); on != "" {
		next, err := asked.Parse(on)
		if err != nil {
			return visit{}, fmt.Errorf("redirected to %q: %w", on, err)
		}
		v.On = next.String()
		return v, nil
	}
	v.page, err = readPage(body)
	return v, err
}

// route is an address without what only programs read in it.
func route(address string) string {
	path, query, _ := strings.Cut(strings.TrimPrefix(address, publicURL), "?")
	if i := strings.LastIndexByte(path, '/'); len(path)-i > 12 {
		path = path[:i+1] + "…"
	}
	if name, _, found := strings.Cut(query, "="); found {
		path += "?" + name + "=…"
	}
	return path
}

// page is what a reader finds on one.
type page struct {
	Heading string            `json:",omitempty"`
	Facts   map[string]string `json:",omitempty"` // what stands in its list: Amount, €9.00
	Buttons []button          `json:",omitempty"`
}

type button struct{ Name, Value, Label string }

// readPage reads HTML as far as these pages have it.
func readPage(html []byte) (p page, err error) {
	p.Facts = map[string]string{}
	d := xml.NewDecoder(bytes.NewReader(html))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var text strings.Builder // since the last start of an element
	var fact string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return p, fmt.Errorf("read a page: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			text.Reset()
			if token.Name.Local == "button" {
				p.Buttons = append(p.Buttons, button{Name: attribute(token, "name"), Value: attribute(token, "value")})
			}
		case xml.CharData:
			text.Write(token)
		case xml.EndElement:
			switch found := strings.TrimSpace(text.String()); token.Name.Local {
			case "h1":
				p.Heading = found
			case "dt":
				fact = found
			case "dd":
				p.Facts[fact] = found
			case "button":
				p.Buttons[len(p.Buttons)-1].Label = found
			}
		}
	}
}

func attribute(of xml.StartElement, name string) string {
	for _, a := range of.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
