package search_test

import (
	"context"
	"fmt"

	"nelke/internal/search"
)

// Things are added by their texts, and found by a synonym, a part of a compound, or a word with a letter wrong.
func Example() {
	index := search.New()
	names := []string{"Personalausweis", "Führungszeugnis", "Meldebescheinigung"}
	synonyms := []string{"Perso", "Strafregisterauszug", "Wohnsitzbestätigung"}
	for i, name := range names {
		index.Add(
			search.Text{Text: name, Language: "de", Weight: search.Name},
			search.Text{Text: synonyms[i], Language: "de", Weight: search.Synonym},
		)
	}
	for _, query := range []string{"perso", "zeugnis", "Meldebescheinigug", "Hundesteuer"} {
		scores, err := index.Find(context.Background(), query, "de")
		if err != nil {
			panic(err)
		}
		fmt.Print(query, ":")
		for n := range scores {
			fmt.Print(" ", names[n])
		}
		fmt.Println()
	}
	// Output:
	// perso: Personalausweis
	// zeugnis: Führungszeugnis
	// Meldebescheinigug: Meldebescheinigung
	// Hundesteuer:
}
