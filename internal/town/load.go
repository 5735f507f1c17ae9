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
	l := newLoader(fsys, newDecoder(name))
	raw, err := l.read(name)
	if err != nil {
		return nil, newFaults(name, []Fault{{File: name, Message: err.Error()}})
	}
	t := Town{marks: &l.marks}
	if node := l.own.parse(raw); node != nil {
		shared := l.catalogue(node)
		l.own.value(node, reflect.ValueOf(&t).Elem(), "", node.Line)
		l.merge(&t, shared)
		l.kinds(&t)
		l.check(&t)
	}
	if err := newFaults(name, l.all()); err != nil {
		return nil, err
	}
	return &t, nil
}

// LoadFile is Load for a path of the operating system. Nothing outside the folder of the file is read, whatever is linked.
// Faults name files as seen from the working directory.
func LoadFile(file string) (*Town, error) {
	dir := filepath.Dir(file)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, newFaults(file, []Fault{{File: file, Message: pathless(err).Error()}})
	}
	defer func() { _ = root.Close() }()
	t, err := Load(root.FS(), filepath.Base(file))
	seen := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	if t != nil {
		for _, d := range []*decoder{t.marks.own, t.marks.common} {
			if d != nil {
				d.file = seen(d.file)
			}
		}
	}
	var faults *Faults
	if errors.As(err, &faults) {
		for i := range faults.List {
			faults.List[i].File = seen(faults.List[i].File)
		}
	}
	return t, err
}

type loader struct {
	marks
	fsys   fs.FS
	files  []*decoder      // every YAML file that was read
	beside []Fault         // in other files beside the town's
	known  map[string]Kind // kinds by slug; nil where there is no list of them, or faults in it
	list   string          // the file of that list
	blind  bool            // there are faults in the catalogue: what the town's services are is not known
}

func newLoader(fsys fs.FS, own *decoder) *loader {
	return &loader{fsys: fsys, marks: marks{own: own}, files: []*decoder{own}}
}

// read returns the text of a file. Links, named pipes and devices are none.
func (l *loader) read(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, fmt.Errorf("%q is no path inside the town's folder", name)
	}
	switch info, err := fs.Lstat(l.fsys, name); {
	case err != nil:
		return nil, pathless(err)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, errors.New("is a symbolic link, and only regular files are read")
	case !info.Mode().IsRegular():
		return nil, errors.New("is no regular file")
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
	within, _ := l.find(field)
	full := path.Join(path.Dir(within.file), name)
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

// fault notes what a check found, in the file that the field stands in.
func (l *loader) fault(field, format string, args ...any) {
	d, at := l.find(field)
	d.judge(at, format, args...)
}

func (l *loader) all() []Fault {
	all := l.beside
	for _, d := range l.files {
		for field, f := range d.faults {
			all = append(all, Fault{File: d.file, Line: f.line, Field: field, Message: f.message})
		}
	}
	return all
}
