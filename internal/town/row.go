package town

// Rule is a rule that a row of a list breaks, for programs.
type Rule string

// The rules of opening hours and payment methods.
const (
	RuleGrid    Rule = "GRID"    // a time is no multiple of five minutes
	RuleOrder   Rule = "ORDER"   // the end comes before the start, or is no later where there must be a length
	RuleBreak   Rule = "BREAK"   // the break is not inside its span
	RuleOverlap Rule = "OVERLAP" // two rows of one weekday or method share a time
	RuleInside  Rule = "INSIDE"  // not inside one span of the hours around it
	RuleEnded   Rule = "ENDED"   // the method's operator has stopped, and the row goes on
)

// RowFault is one rule that a list of rows breaks, for whoever writes such a list: a file, or a person who calls.
type RowFault struct {
	Index   int    // of the row in the list
	Field   string // of the row, such as to or break.from; empty: the row as a whole
	Rule    Rule
	Other   int    // for RuleOverlap: index of the earlier row
	Message string // in English, for the writer of a file
}
