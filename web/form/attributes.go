package form

import (
	"strconv"

	"github.com/a-h/templ"
)

// attributes are those of an input that it does not always have.
type attributes = templ.OrderedAttributes

func attributesOf(all ...templ.KeyValue[string, any]) attributes {
	var there attributes
	for _, attribute := range all {
		if attribute.Value != "" && attribute.Value != false {
			there = append(there, attribute)
		}
	}
	return there
}

func attribute(name string, value any) templ.KeyValue[string, any] {
	return templ.KeyValue[string, any]{Key: name, Value: value}
}

// attributes returns those of a control with one input.
func (c control) attributes() attributes {
	length := ""
	if c.maxLength > 0 {
		length = strconv.Itoa(c.maxLength)
	}
	return attributesOf(
		attribute("inputmode", c.inputMode), attribute("maxlength", length), attribute("autocomplete", c.autocomplete),
		attribute("aria-describedby", c.describedBy()), attribute("aria-invalid", marked(c.fault != "")),
		attribute("disabled", c.disabled), attribute("autofocus", c.autofocus == c.id()),
	)
}

// dateAttributes returns those of one input of a date.
func (c control) dateAttributes(in dateInput) attributes {
	return attributesOf(
		attribute("autocomplete", in.autocomplete), attribute("aria-invalid", marked(c.faultyInput(in.part))),
		attribute("disabled", c.disabled), attribute("autofocus", c.autofocus == c.partID(in.part)),
	)
}

// optionAttributes returns those of a checkbox or radio button of several. Only checkboxes can be invalid by themselves.
func (c control) optionAttributes(o radio) attributes {
	return attributesOf(
		attribute("checked", o.chosen), attribute("aria-invalid", marked(c.fault != "" && c.kind == several)),
		attribute("disabled", c.disabled), attribute("autofocus", c.autofocus == c.optionID(o.value)),
	)
}

// groupAttributes returns those of the fieldset of a control.
func (c control) groupAttributes() attributes {
	role, invalid := "", ""
	if c.kind == choice || c.kind == yesNo {
		role, invalid = "radiogroup", marked(c.fault != "")
	}
	return attributesOf(attribute("role", role), attribute("aria-describedby", c.describedBy()), attribute("aria-invalid", invalid))
}

// conditionAttributes returns those that tell a script when to show a control.
func (c control) conditionAttributes() attributes {
	return attributesOf(attribute("data-when", c.when), attribute("data-is", c.is))
}

func marked(there bool) string {
	if there {
		return "true"
	}
	return ""
}

func (c control) inputType() string {
	switch c.kind {
	case email:
		return "email"
	case phone:
		return "tel"
	default:
		return "text"
	}
}

// optionType returns the type of the inputs of a control with options.
func (c control) optionType() string {
	if c.kind == several {
		return "checkbox"
	}
	return "radio"
}

// width returns the KERN width of a date's input, in characters.
func (in dateInput) width() string {
	if in.part == "year" {
		return "4"
	}
	return "2"
}
