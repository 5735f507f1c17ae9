package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// duplicate is the name of a member that came twice: which of the two is meant, each reader in between would decide for itself.
type duplicate string

func (d duplicate) Error() string { return string(d) + " must not be given twice" }

// decodeMembers reads one JSON object and nothing after it: its members into pointers, by their exact names, where encoding/json
// takes names in any case. Other members are left out. Numbers stay as they were written.
func decodeMembers(data []byte, into map[string]any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	begin, err := decoder.Token()
	if err != nil {
		return err
	}
	if begin != json.Delim('{') {
		return &json.UnmarshalTypeError{Value: "value"}
	}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string) // a member has a name, or Token has failed
		target, known := into[name]
		switch {
		case !known:
			target = new(json.RawMessage)
		case target == nil:
			return duplicate(name)
		default:
			into[name] = nil
		}
		err = decoder.Decode(target)
		var wrongType *json.UnmarshalTypeError
		if errors.As(err, &wrongType) {
			wrongType.Field = name
		}
		if err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil { // the closing brace
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}
