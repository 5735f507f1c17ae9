package form_test

import (
	"fmt"

	"nelke/internal/form"
	"nelke/internal/schedule"
)

// A form is inspected and compiled once; then it accepts answers, or says what is wrong with them.
func Example() {
	raw := []byte(`{
		"type": "object",
		"properties": {
			"name": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[^\\r\\n]*$"},
			"born": {"type": "string", "format": "date"}
		},
		"required": ["name", "born"],
		"unevaluatedProperties": false
	}`)
	schema, err := form.Compile(raw)
	if err != nil {
		panic(err)
	}
	today := schedule.Date{Year: 2026, Month: 11, Day: 25}

	stored, _ := schema.Accept([]byte(`{"name": " Erika  ", "born": "1964-08-12"}`), false, today)
	fmt.Println(stored)
	_, faults := schema.Accept([]byte(`{"born": "12.08.1964"}`), false, today)
	for _, fault := range faults {
		fmt.Println(fault.Path(), fault.Keyword, fault.Text("en"))
	}
	_, faults = schema.Accept([]byte(`{"born": "1964-08-12"}`), true, today)
	fmt.Println("so far:", len(faults), "faults")
	// Output:
	// {"born":"1964-08-12","name":"Erika"}
	// [born] format Please enter a date that exists: year, month and day like 2026-03-31.
	// [name] required Please fill this in.
	// so far: 0 faults
}
