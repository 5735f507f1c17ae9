#!/usr/bin/env bash
# golang.org/x/text v0.43.0, package language; npm @formatjs/intl-localematcher 0.10.1; beside them npm negotiator 1.1.0
#
# Expected: a site that has its pages in German (de) and in easy German (de-simple, a variant in IANA's registry of
# language subtags; German federal authorities must offer "Leichte Sprache", BITV 2.0, section 4) gives "de" to whoever
# asks for "de", and "de-simple" to whoever asks for that. RFC 4647, 3.4, looks for the very range that was
# asked for first. x/text's NewMatcher says that it ignores extensions, and says nothing of variants.
#
# Seen: for both matchers the two are one language, and whichever is first in the list is given to everybody, by x/text
# with the confidence "Exact". With de before de-simple nobody ever gets easy German; with de-simple before
# de everybody does, though plain German was asked for and is there. negotiator, which knows nothing of
# languages and compares words, is right each time, as is the other matcher's "lookup".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > go.mod <<'E'
module finding

go 1.25

require golang.org/x/text v0.43.0
E
cat > main.go <<'E'
package main

import (
	"fmt"
	"log"
	"strings"

	"golang.org/x/text/language"
)

func main() {
	for _, offered := range []string{"en de de-simple", "en de-simple de"} {
		for _, asked := range []string{"de-DE,de;q=0.9", "de-simple"} {
			var tags []language.Tag
			for _, name := range strings.Fields(offered) {
				tags = append(tags, language.MustParse(name))
			}
			wanted, _, err := language.ParseAcceptLanguage(asked)
			if err != nil {
				log.Fatal(err)
			}
			_, i, confidence := language.NewMatcher(tags).Match(wanted...)
			fmt.Printf("x/text: offered %s, asked for %s: %s (%v)\n", offered, asked, tags[i], confidence)
		}
	}
}
E
GOFLAGS=-mod=mod go run . | tee seen

echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts @formatjs/intl-localematcher@0.10.1 negotiator@1.1.0
cat > run.js <<'E'
import { match } from '@formatjs/intl-localematcher'
import Negotiator from 'negotiator'

for (const offered of ['en de de-simple', 'en de-simple de']) {
  for (const asked of ['de-DE,de;q=0.9', 'de-simple']) {
    const languages = offered.split(' ')
    const negotiator = new Negotiator({ headers: { 'accept-language': asked } })
    const wanted = negotiator.languages()
    console.log(`formatjs: offered ${offered}, asked for ${asked}: best fit ${match(wanted, languages, 'en')}, ` +
      `lookup ${match(wanted, languages, 'en', { algorithm: 'lookup' })}; negotiator ${negotiator.language(languages)}`)
  }
}
E
node run.js | tee -a seen
diff seen - <<'E'
x/text: offered en de de-simple, asked for de-DE,de;q=0.9: de (Exact)
x/text: offered en de de-simple, asked for de-simple: de (Exact)
x/text: offered en de-simple de, asked for de-DE,de;q=0.9: de-simple (Exact)
x/text: offered en de-simple de, asked for de-simple: de-simple (Exact)
formatjs: offered en de de-simple, asked for de-DE,de;q=0.9: best fit de, lookup de; negotiator de
formatjs: offered en de de-simple, asked for de-simple: best fit de, lookup de-simple; negotiator de-simple
formatjs: offered en de-simple de, asked for de-DE,de;q=0.9: best fit de-simple, lookup de; negotiator de
formatjs: offered en de-simple de, asked for de-simple: best fit de-simple, lookup de-simple; negotiator de-simple
E
