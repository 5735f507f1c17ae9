// Package static has the files that browsers load beside the pages: the stylesheet and the script.
//
// The name under which a file is served carries a hash of its content ("style.1f2e3d4c.css"), so that browsers may keep it for good:
// a file that changes gets another name.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// Prefix is the path below which the pages refer to the files.
const Prefix = "/static/"

//go:embed page.js beside.css style
var embedded embed.FS

// parts are the files of the folder style that make up style.css, in their order: a later rule wins.
func parts() []string {
	return []string{"colour", "text", "frame", "content", "form", "appointment", "media"}
}

// Files are files in memory under their hashed names. They never change, and are safe for concurrent use.
type Files struct {
	names  map[string]string // from a file's own name to its hashed one
	served map[string]file   // by hashed name
}

type file struct {
	contentType string
	hash        string // 16 hex digits
	plain       []byte
	small       []byte // gzipped; nil where that is no smaller
}

// Default returns the program's own files: style.css, page.js, and beside.css for those who bring a style.css of their own.
func Default() *Files {
	f, err := New()
	if err != nil {
		panic(err) // the files are part of the program
	}
	return f
}

// New returns the program's own files and those of the folders, with what is in folders below them. A file of a folder takes the
// place of an earlier one with the same name.
func New(folders ...fs.FS) (*Files, error) {
	f := &Files{names: map[string]string{}, served: map[string]file{}}
	if err := f.addOwn(); err != nil {
		return nil, fmt.Errorf("static: %w", err)
	}
	for _, folder := range folders {
		err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if info, err := fs.Stat(folder, name); err != nil || !info.Mode().IsRegular() { // a link leads to what it is
				return err
			}
			content, err := fs.ReadFile(folder, name)
			if err != nil {
				return err
			}
			return f.add(name, content)
		})
		if err != nil {
			return nil, fmt.Errorf("static: %w", err)
		}
	}
	return f, nil
}

func (f *Files) addOwn() error {
	var style bytes.Buffer
	for _, part := range parts() {
		rules, err := embedded.ReadFile("style/" + part + ".css")
		if err != nil {
			return err
		}
		style.Write(rules)
	}
	if err := f.add("style.css", style.Bytes()); err != nil {
		return err
	}
	for _, name := range []string{"beside.css", "page.js"} {
		content, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		if err := f.add(name, content); err != nil {
			return err
		}
	}
	return nil
}

// add takes a file up, in the place of the one that had its name before.
func (f *Files) add(name string, content []byte) error {
	sum := sha256.Sum256(content)
	one := file{contentType: typeOf(name), hash: hex.EncodeToString(sum[:8]), plain: content}
	var err error
	if one.small, err = compressed(content); err != nil {
		return err
	}
	delete(f.served, f.names[name])
	extension := path.Ext(name)
	hashed := strings.TrimSuffix(name, extension) + "." + one.hash[:8] + extension
	f.names[name], f.served[hashed] = hashed, one
	return nil
}

// typeOf returns the media type of a file by its name. What the pages are made of doesn't depend on the machine's own table.
func typeOf(name string) string {
	switch extension := path.Ext(name); extension {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	default:
		if known := mime.TypeByExtension(extension); known != "" {
			return known
		}
		return "application/octet-stream"
	}
}

// compressed returns the content gzipped, or nil where that is no smaller.
func compressed(plain []byte) ([]byte, error) {
	var small bytes.Buffer
	w, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if small.Len() >= len(plain) {
		return nil, nil
	}
	return small.Bytes(), nil
}

// Name returns the hashed name of a file: "style.1f2e3d4c.css" for "style.css", and "" for a file that isn't there.
func (f *Files) Name(name string) string { return f.names[name] }

// Path returns the path of a file on the server: "/static/style.1f2e3d4c.css" for "style.css", and "" for a file that isn't there.
func (f *Files) Path(name string) string {
	if hashed := f.names[name]; hashed != "" {
		return Prefix + hashed
	}
	return ""
}

// Handler serves the files below Prefix.
func (f *Files) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, _ := strings.CutPrefix(r.URL.Path, Prefix)
		f.Serve(w, r, rest)
	})
}

// Serve answers a request for the file with a hashed name, which browsers and shared caches may keep for a year without asking again,
// or with its own name, which they may keep for an hour; and with 404 for any other name. Clients that accept gzip get it gzipped, under an ETag of its own.
func (f *Files) Serve(w http.ResponseWriter, r *http.Request, hashed string) {
	one, ok := f.served[hashed]
	keep := "public, max-age=31536000, immutable"
	if !ok { // its own name, as a stylesheet of a town names its fonts
		one, ok = f.served[f.names[hashed]]
		keep = "public, max-age=3600"
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Type", one.contentType)
	header.Set("Cache-Control", keep)
	header.Set("X-Content-Type-Options", "nosniff")
	ServeCoded(w, r, hashed, one.hash, one.plain, one.small)
}

// ServeCoded answers with a content that is kept plain and gzipped, nil where that is no smaller, each under an ETag of its own, tag and tag-gzip.
// Content-Type is set by the caller.
func ServeCoded(w http.ResponseWriter, r *http.Request, name, tag string, plain, gzipped []byte) {
	header := w.Header()
	header.Add("Vary", "Accept-Encoding")
	body := plain
	if gzipped != nil && AcceptsGzip(r.Header) {
		body, tag = gzipped, tag+"-gzip"
		header.Set("Content-Encoding", "gzip")
		header.Set("Content-Length", strconv.Itoa(len(body))) // ServeContent leaves it out beside Content-Encoding
	}
	header.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}

// AcceptsGzip reports whether a client can read gzip (RFC 9110, section 12.5.3).
func AcceptsGzip(header http.Header) bool {
	accepted := false
	for one := range strings.SplitSeq(strings.Join(header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(one, ";")
		weight, weighted := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		wanted := !weighted || err == nil && q > 0
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return wanted
		case "*":
			accepted = wanted
		}
	}
	return accepted
}
