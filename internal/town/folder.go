package town

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// LoadAll loads towns that are to be written together: files, and folders, in which every file that ends in .yaml is a
// town. A file that is named twice is read once. No two of them may have a slug or a key in common.
//
// The error has the faults of all towns, each once: joined, a *Faults for each town.
func LoadAll(paths []string) ([]*Town, error) {
	var errs []error
	seen := map[Fault]bool{} // a fault in what towns share is found at each of them
	note := func(err error) {
		var faults *Faults
		if !errors.As(err, &faults) {
			errs = append(errs, err)
			return
		}
		news := &Faults{More: faults.More}
		for _, f := range faults.List {
			if !seen[f] {
				seen[f] = true
				news.List = append(news.List, f)
			}
		}
		if len(news.List) > 0 {
			errs = append(errs, news)
		}
	}
	files, err := expand(paths)
	if err != nil {
		note(err)
	}
	var towns []*Town
	for _, file := range files {
		t, err := LoadFile(file)
		if err != nil {
			note(err)
			continue
		}
		towns = append(towns, t)
	}
	if err := apart(towns); err != nil {
		note(err)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return towns, nil
}

// expand returns the files of towns in folders, sorted, and files as they are.
func expand(paths []string) (files []string, err error) {
	var faults []Fault
	seen := map[string]bool{}
	for _, path := range paths {
		found := []string{path}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			if found, err = inFolder(path); err != nil {
				faults = append(faults, Fault{File: path, Message: err.Error()})
			}
		}
		for _, file := range found {
			if clean := filepath.Clean(file); !seen[clean] {
				seen[clean] = true
				files = append(files, file)
			}
		}
	}
	return files, newFaults("", faults)
}

func inFolder(folder string) (files []string, err error) {
	entries, err := fs.ReadDir(os.DirFS(folder), ".") // sorted by name
	if err != nil {
		return nil, pathless(err)
	}
	for _, e := range entries {
		if !e.IsDir() && filepath.Ext(e.Name()) == ".yaml" {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, errors.New("holds no town: none of its files ends in .yaml")
	}
	return files, nil
}

// apart finds towns that can't be distinguished.
func apart(towns []*Town) error {
	var faults []Fault
	first := map[[2]string]*Town{}
	for _, t := range towns {
		m := t.Municipality
		for _, key := range [][2]string{{"slug", m.Slug}, {"ars", m.ARS}, {"ags", m.AGS}} {
			if other := first[key]; other != nil {
				faults = append(faults, t.Fault("municipality."+key[0], "%q is that of %s too", key[1], other.File()))
				continue
			}
			first[key] = t
		}
	}
	return newFaults("", faults)
}
