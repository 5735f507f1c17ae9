package backlog

import "encoding/json"

// Page is how many applications a page of the work queue has unless it is asked for otherwise.
const Page = 20

// Query asks for a page of the work queue, with what a clerk sees of each application. Its variables are in, first and
// after.
const Query = `query Queue($in: WorkQueueInput!, $first: Int, $after: String) { workQueue(input: $in, first: $first, after: $after) {
	nodes { id reference status submittedAt deadline clerk } pageInfo { hasNextPage endCursor } } }`

// Filter is a way to look at the work queue.
type Filter struct {
	Name  string
	Input map[string]any // WorkQueueInput
	// Second: of the pages, the second one, by the cursor of the first.
	Second bool
}

// Filters are the ways in which clerks look at the queue of a town: each condition alone, and those that go together. Each
// has a full page in a backlog of 400 open applications.
func Filters(town, service string) []Filter {
	submitted, completed := []string{"SUBMITTED"}, []string{"COMPLETED"}
	filter := func(name string, second bool, conditions ...any) Filter {
		in := map[string]any{"municipality": map[string]any{"slug": town}}
		for i := 0; i < len(conditions); i += 2 {
			in[conditions[i].(string)] = conditions[i+1]
		}
		return Filter{Name: name, Input: in, Second: second}
	}
	return []Filter{
		filter("no filter", false),
		filter("service", false, "service", service),
		filter("SUBMITTED", false, "statuses", submitted),
		filter("COMPLETED", false, "statuses", completed),
		filter("mine", false, "mine", true),
		filter("overdue", false, "overdue", true),
		filter("service + mine", false, "service", service, "mine", true),
		filter("service + SUBMITTED", false, "service", service, "statuses", submitted),
		filter("service + overdue", false, "service", service, "overdue", true),
		filter("mine + overdue", false, "mine", true, "overdue", true),
		filter("service + mine + COMPLETED", false, "service", service, "mine", true, "statuses", completed),
		filter("second page", true),
		filter("second page, COMPLETED", true, "statuses", completed),
	}
}

// Request is the body of a request for the first so many applications that a filter shows, after a cursor unless that is
// empty.
func (f Filter) Request(query string, first int, after string) []byte {
	variables := map[string]any{"in": f.Input, "first": first}
	if after != "" {
		variables["after"] = after
	}
	body, _ := json.Marshal(map[string]any{"query": query, "variables": variables}) // strings, numbers and truths
	return body
}
