package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// attackKind is one way in which a single anonymous client has stopped the service, or might.
type attackKind struct {
	name, before string // what it did to the build of commit 4c57230
	connections  int
	turns        float64 // a second
	sockets      bool
	holding      holding
	books        bool
	unlimited    bool // of writes: what is asked for takes more of them to make than one network may have made
	requests     func(context.Context, *siege) ([]sending, error)
	outcome      func(context.Context, *siege, string, *report) error // what else must hold after it; nil: nothing
}

// attacks are the ways. Each has the connections and the rate with which it was seen to do harm.
func attacks() []attackKind {
	return []attackKind{
		{
			name: "introspection", before: "six at once: 62 s CPU, 4,950 MiB, /livez 2.7 s", connections: 6, turns: 6,
			requests: always(introspections),
		},
		{
			name: "sdl", before: "3.7 KB for 14.7 MB", connections: 6, turns: 20,
			requests: always(func(*siege) []sending { return []sending{document(aliases(200, "_service { sdl }"), nil)} }),
		},
		{
			name: "conflicting fields", before: "9 KB for 63 MB of errors, 0.9 s CPU; four at once: 2,364 MiB", connections: 4, turns: 20,
			requests: always(conflicts),
		},
		{
			name: "search", before: "a word of 1 MB: 19 s CPU; 22 KB under 40 aliases: 12.5 s", connections: 6, turns: 6,
			requests: always(searches),
		},
		{
			name: "list of a client", before: "9 MiB of PostgreSQL a request, kept", connections: 8, turns: 20,
			requests: always(changesOfTypes),
		},
		{
			name: "one case, many connections", before: "a bystander's read up to 10 s with 150 connections", connections: 150, turns: 600,
			requests: always(func(g *siege) []sending { return []sending{g.contact(g.people[0])} }),
		},
		{
			name: "thirty cases", before: "86 ms median with 60 connections", connections: 60, turns: 600,
			requests: always(func(g *siege) (all []sending) {
				for _, key := range g.people {
					all = append(all, g.contact(key))
				}
				return all
			}),
		},
		{
			name: "booking", before: "all 2,051 appointments of 60 days in 10 s, by one case", connections: 4, turns: 200, books: true,
			requests: always(func(*siege) []sending { return nil }), outcome: placesLeft,
		},
		{
			name: "events under aliases", before: "1.7 KB for 105 MB, 12.5 s CPU, 2.3 GiB", connections: 4, turns: 10, unlimited: true,
			requests: manyEvents,
		},
		{
			name: "declared lengths", before: "300 KB for 2,143 MiB with 2,000 connections", connections: 2000, turns: 2000, holding: holdHead,
			requests: always(func(*siege) []sending { return []sending{{Body: `{"query":"@PAD@"}`, Size: 1_000_000}} }),
		},
		{
			name: "unfinished bodies", before: "300 of 1 MiB but for a byte: 880 MiB above idle", connections: 300, turns: 100, holding: holdBody,
			requests: always(func(*siege) []sending { return []sending{{Body: `{"query":"@PAD@"}`, Size: 1_000_000}} }),
		},
		{
			name: "unfinished frames", before: "300 of 1 MiB but for a byte: 500 MiB above idle", connections: 300, turns: 100, holding: holdFrame,
			requests: always(func(*siege) []sending { return []sending{{Body: `{"type":"@PAD@"}`, Size: 1_000_000}} }),
		},
		{
			name: "unread answers", before: "200 of 3.8 MB: 1,650 MiB above idle", connections: 200, turns: 50, holding: holdAnswer,
			requests: longAnswer,
		},
		{
			name: "padded documents", before: "1,000 of 1 MB: 1,591 MiB, for good", connections: 8, turns: 50,
			requests: always(func(*siege) []sending {
				return []sending{{Body: `{"query":"{ a@N@: municipality(by: {slug: \"blomberg\"}) { name } @PAD@}"}`, Size: 900_000}}
			}),
		},
		{
			name: "subscriptions", before: "50 sockets with 100 each: 3.8 GiB, 0.3 cores for ever", connections: 50, turns: 250, sockets: true,
			requests: always(subscriptions),
		},
	}
}

// always makes requests of a siege without asking the server.
func always(those func(*siege) []sending) func(context.Context, *siege) ([]sending, error) {
	return func(_ context.Context, g *siege) ([]sending, error) { return those(g), nil }
}

// document is a request with a document and its variables.
func document(query string, variables map[string]any) sending {
	text, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		panic(err) // texts and lists of texts always marshal
	}
	return sending{Body: string(text)}
}

// aliases is a query for the same field again and again.
func aliases(n int, field string) string {
	var b strings.Builder
	b.WriteString("{ ")
	for i := range n {
		fmt.Fprintf(&b, "a%d: %s ", i, field)
	}
	b.WriteString("}")
	return b.String()
}

// introspections ask for all types under many aliases, each with its fields and what these are of.
func introspections(*siege) []sending {
	deep := "fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } } " +
		"fragment F on __Type { ...T fields { name description args { name description type { ...T } } type { ...T } } inputFields { name description type { ...T } } }"
	return []sending{
		document(aliases(100, "__schema { types { ...F } }")+deep, nil),
		document("{ __schema { "+strings.Trim(aliases(100, "types { ...F }"), "{}")+" } } "+deep, nil),
	}
}

// conflicts are documents of fields that are compared with each other: more of one name than may be, as many as may be, and one
// whose name is as long as the document.
func conflicts(*siege) []sending {
	pairs := func(key string, n int) sending {
		return document("{ node(id: 1) {"+strings.Repeat(" "+key+": id "+key+": __typename", n)+" } }", nil)
	}
	return []sending{
		pairs("x", 495), pairs("x", 200), pairs(strings.Repeat("x", 250), 200),
		document("{"+strings.Repeat(" __typename", 2990)+" }", nil),
		document("{ viewer {"+strings.Repeat(" case { x: id x: openedAt }", 190)+" } }", nil),
		document("{ "+strings.Repeat("x", 900_000)+" }", nil),
	}
}

// longAnswer asks for the schema, and for descriptions under as many names as make it nearly as long as an answer may be.
func longAnswer(ctx context.Context, g *siege) ([]sending, error) {
	c, err := callFrom(ctx, attackerAddr, g.server.addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	long := func(n int) sending {
		fields := strings.Trim(aliases(n, "description"), "{}")
		return document(`{ n@N@: __typename __schema { types { fields { type { fields { name `+fields+`} ofType { fields { name `+fields+`} ofType { fields { name `+fields+`} } } } } } } }`, nil)
	}
	var sizes [2]int
	for n := range sizes {
		_, answer, err := c.post("/graphql", "", []byte(strings.ReplaceAll(long(n).Body, "@N@", "")))
		if err != nil {
			return nil, err
		}
		sizes[n] = len(answer)
	}
	return []sending{long((3_800_000 - sizes[0]) / max(1, sizes[1]-sizes[0]))}, nil
}

// searches are for words that are far too long, and for lists of keys.
func searches(*siege) []sending {
	const text = `query($t: String) { publicServices(first: 1, filter: {text: $t}) { totalCount } }`
	many := strings.Replace(aliases(40, `publicServices(first: 1, filter: {text: $t}) { totalCount }`), "{", "query($t: String) {", 1)
	keys := make([]string, 50_000)
	for i := range keys {
		keys[i] = fmt.Sprintf("%014d", i)
	}
	return []sending{
		document(text, map[string]any{"t": strings.Repeat("x", 900_000)}),
		document(many, map[string]any{"t": strings.Repeat("y", 20_000)}),
		document(strings.Replace(aliases(100, `publicServices(first: 1, filter: {leikaKeys: $k}) { totalCount }`), "{", "query($k: [String!]) {", 1), map[string]any{"k": keys}),
		document(strings.Replace(aliases(40, `publicServices(first: 1, filter: {text: $t}) { totalCount }`), "{", "query($t: String) {", 1), map[string]any{"t": strings.Repeat("führungszeugniß ", 12)}),
	}
}

// changesOfTypes are lists of which each has another length.
func changesOfTypes(*siege) (all []sending) {
	for n := range 40 {
		types := make([]string, 10_000+n)
		for i := range types {
			types[i] = "OFFICE"
		}
		all = append(all, document(`query($t: [ChangeType!]) { changes(types: $t, first: 1) { cursor } }`, map[string]any{"t": types}))
	}
	return all
}

// contact changes the contact of a case, again and again.
func (g *siege) contact(key string) sending {
	return sending{Token: key, Body: fmt.Sprintf(`{"query":"mutation($in: SetContactInput!) { setContact(input: $in) { case { id } problems { code } } }",`+
		`"variables":{"in":{"idempotencyKey":"@K@","privacyNotice":%q,"givenName":"Erika","familyName":"Muster@N@"}}}`, g.desk.notice)}
}

// manyEvents fills a case with 2,000 events, and asks for them under thirty aliases.
func manyEvents(ctx context.Context, g *siege) ([]sending, error) {
	fill := g.contact(g.people[0])
	conn, err := dialFrom(ctx, attackerAddr, g.server.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	in, by := newReader(conn), assault{}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for i := range 2000 {
		status, _, err := by.send(limited, conn, in, &fill, int64(i))
		if err != nil {
			return nil, err
		}
		if status != 200 {
			return nil, fmt.Errorf("event %d: status %d", i, status)
		}
	}
	query := document("{ viewer { case "+aliases(30, "events { sequence at action by subject before after }")+" } }", nil)
	query.Token = g.people[0]
	return []sending{query}, nil
}

// subscriptions are to the free times of two months, each otherwise.
func subscriptions(g *siege) []sending {
	return []sending{{Body: fmt.Sprintf(`{"query":"subscription($in: AvailabilityInput!) { a@N@: availability(input: $in) { days { date reason slots { start } } } }",`+
		`"variables":{"in":{"office":%q,"days":62,"concerns":[{"service":%q}]}}}`, g.desk.office, g.desk.service)}}
}

// attackBookings is how many appointments one address may have made at the end of it.
const attackBookings = 60

// placesLeft counts what one address has booked.
func placesLeft(ctx context.Context, g *siege, what string, results *report) error {
	c, err := callFrom(ctx, bystanderAddr, g.server.addr)
	if err != nil {
		return err
	}
	defer c.close()
	booked := 0
	for _, key := range g.people {
		var viewer struct {
			Viewer struct {
				Case struct{ Appointments []struct{ Status string } }
			}
		}
		if err := c.graphql(key, `{ viewer { case { appointments { status } } } }`, nil, &viewer); err != nil {
			return err
		}
		for _, a := range viewer.Viewer.Case.Appointments {
			if a.Status == "BOOKED" {
				booked++
			}
		}
	}
	results.add(row{part: "attacks", what: what + ": appointments booked", values: []float64{float64(booked)}, bar: atMost(attackBookings, ""), note: fmt.Sprintf("of %d free times, by %d cases of one address", len(g.desk.starts), len(g.people))})
	return nil
}
