package town

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"unicode/utf8"
)

// maxFile bounds every file that is read, in bytes. Blomberg's own, the largest, has a tenth of it.
const maxFile = 1 << 20

// Load reads the town at name in fsys, with the files beside it that it names, and checks all of it.
// If anything in it is wrong the error is a *Faults, and there is no town.
func Load(fsys fs.FS, name string) (*Town, error) {
	l := &loader{
		fsys: fsys,
		name: name,
		dec:  decoder{lines: map[string]int{}, faults: map[string]fieldFault{}},
	}
	raw, err := l.read(name)
	if err != nil {
		return nil, newFaults(name, []Fault{{File: name, Message: err.Error()}})
	}
	var t Town
	if node := l.dec.parse(raw); node != nil {
		l.dec.value(node, reflect.ValueOf(&t).Elem(), "", node.Line)
		l.check(&t)
	}
	if err := newFaults(name, l.all()); err != nil {
		return nil, err
	}
	t.name, t.lines = name, l.dec.lines
	return &t, nil
}

// LoadFile is Load for a path of the operating system. Faults name files as seen from the working directory.
func LoadFile(file string) (*Town, error) {
	dir := filepath.Dir(file)
	t, err := Load(os.DirFS(dir), filepath.Base(file))
	if t != nil {
		t.name = file
	}
	var faults *Faults
	if errors.As(err, &faults) {
		for i := range faults.List {
			faults.List[i].File = filepath.Join(dir, filepath.FromSlash(faults.List[i].File))
		}
	}
	return t, err
}

type loader struct {
	fsys   fs.FS
	name   string
	dec    decoder
	beside []Fault // in files beside the town's
}

// read gives the text of a file.
func (l *loader) read(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, fmt.Errorf("%q is no path inside the town's folder", name)
	}
	f, err := l.fsys.Open(name)
	if err != nil {
		return nil, pathless(err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, pathless(err)
	case len(raw) > maxFile:
		return nil, fmt.Errorf("is larger than %d bytes", maxFile)
	case !utf8.Valid(raw):
		return nil, errors.New("is not UTF-8")
	}
	return raw, nil
}

// pathless leaves out the path, which a fault names already.
func pathless(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// readBeside reads a file that a field names; what keeps it from being read is a fault of that field.
func (l *loader) readBeside(name, field string) (string, []byte, bool) {
	if name == "" {
		return "", nil, false // a fault already
	}
	full := path.Join(path.Dir(l.name), name)
	if path.IsAbs(name) || strings.HasPrefix(path.Clean(name), "..") {
		l.fault(field, "%q is not inside the folder of the town's file", name)
		return "", nil, false
	}
	raw, err := l.read(full)
	if err != nil {
		l.fault(field, "%s: %v", full, err)
		return "", nil, false
	}
	return full, raw, true
}

// fault notes what a check found. A field that didn't decode, or lies in one that didn't, has its fault already.
func (l *loader) fault(field, format string, args ...any) {
	for at := field; ; at = parent(at) {
		if _, known := l.dec.faults[at]; known {
			return
		}
		if at == "" {
			break
		}
	}
	l.dec.fault(lineOf(l.dec.lines, field), field, format, args...)
}

// lineOf gives the line of a field, or of the nearest one around it.
func lineOf(lines map[string]int, field string) int {
	for {
		if line, ok := lines[field]; ok || field == "" {
			return line
		}
		field = parent(field)
	}
}

// parent gives the field around a field: services[3] for services[3].slug, services for services[3].
func parent(field string) string {
	return field[:max(0, strings.LastIndexAny(field, ".["))]
}

func (l *loader) all() []Fault {
	all := l.beside
	for field, f := range l.dec.faults {
		all = append(all, Fault{File: l.name, Line: f.line, Field: field, Message: f.message})
	}
	return all
}
