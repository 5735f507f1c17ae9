package cache_test

import (
	"context"
	"fmt"
	"time"

	"nelke/internal/cache"
	"nelke/internal/live"
)

// A value is read once, and again after its key was nudged.
func Example() {
	hub := live.NewHub()
	remembered := cache.New(cache.Config{Hub: hub})
	defer remembered.Close()

	rows := 3 // in the place of a database
	waiting := func(ctx context.Context) int {
		n, err := cache.Read(ctx, remembered, "waiting:blomberg", []live.Key{live.WorkQueue("blomberg")},
			func(context.Context) (int, time.Time, error) {
				fmt.Println("reads the database")
				return rows, time.Time{}, nil
			})
		if err != nil {
			panic(err)
		}
		return n
	}
	ctx := context.Background()
	fmt.Println(waiting(ctx))
	fmt.Println(waiting(ctx))
	rows++                                // a writer commits,
	hub.Nudge(live.WorkQueue("blomberg")) // and nudges what it has changed
	fmt.Println(waiting(ctx))
	// Output:
	// reads the database
	// 3
	// 3
	// reads the database
	// 4
}

// An answer that was made of public reads alone is kept whole, once it was asked for twice, for as long as what was read holds.
func ExampleAnswers() {
	hub := live.NewHub()
	remembered := cache.New(cache.Config{Hub: hub})
	defer remembered.Close()
	answers := cache.NewAnswers(hub, 1<<20, nil)

	answer := func(ctx context.Context) string {
		const query = "{ services }"
		if found, ok := answers.Get(query); ok {
			return "kept " + string(found.Body)
		}
		ctx, deps := cache.Collect(ctx)
		field := cache.RootField(ctx)
		cache.Public(field)
		remembered.Depend(field, time.Time{}, live.Catalogue("blomberg")) // before reading
		body := `{"services":[]}`
		answers.Offer(query, cache.Answer{Body: []byte(body)}, deps)
		return "made " + body
	}
	ctx := context.Background()
	for range 3 {
		fmt.Println(answer(ctx))
	}
	hub.Nudge(live.Catalogue("blomberg"))
	fmt.Println(answer(ctx))
	// Output:
	// made {"services":[]}
	// made {"services":[]}
	// kept {"services":[]}
	// made {"services":[]}
}
