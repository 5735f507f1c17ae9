#!/usr/bin/env bash
# golang.org/x/text v0.43.0, packages message and number; npm @formatjs/intl-numberformat 9.4.3
#
# Expected: a fee written by the server and by the page in the browser looks the same for the same language tag,
# since both take their tables from CLDR (x/text's package number promises the customs of each
# locale), at worst of different years.
#
# Seen: the two are each other's opposite. Where today's CLDR has European digits (ar, and Arabic as it is
# spoken in Germany, ar-DE) x/text writes Arabic ones; where CLDR has Arabic digits (Egypt, Iraq, Syria,
# Lebanon, Saudi Arabia) x/text writes European ones, in Lebanon with a comma besides. Only Morocco is alike. Whoever
# tests one tag and fixes it by hand is wrong for the others. Right is to say the digits: ar-u-nu-latn.
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
	"os"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

func main() {
	for _, tag := range os.Args[1:] {
		p := message.NewPrinter(language.MustParse(tag))
		fmt.Println("x/text", tag, p.Sprint(number.Decimal(37, number.Scale(2))))
	}
}
E
tags=(ar ar-DE ar-EG ar-IQ ar-SY ar-LB ar-SA ar-MA ar-u-nu-latn ar-EG-u-nu-latn)
GOFLAGS=-mod=mod go run . "${tags[@]}" | tee seen

echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts @formatjs/intl-numberformat@9.4.3
cat > run.js <<'E'
import { NumberFormat } from '@formatjs/intl-numberformat'

// The tables of the package itself, not those of the Node that runs it.
Intl.NumberFormat = NumberFormat
for (const name of ['ar', 'ar-EG', 'ar-IQ', 'ar-SY', 'ar-LB', 'ar-SA', 'ar-MA']) {
  await import(`@formatjs/intl-numberformat/locale-data/${name}.js`)
}
for (const tag of process.argv.slice(2)) {
  console.log('formatjs', tag, new NumberFormat(tag, { minimumFractionDigits: 2 }).format(37))
}
E
node run.js "${tags[@]}" | tee -a seen
diff seen - <<'E'
x/text ar ٣٧٫٠٠
x/text ar-DE ٣٧٫٠٠
x/text ar-EG 37.00
x/text ar-IQ 37.00
x/text ar-SY 37.00
x/text ar-LB 37,00
x/text ar-SA 37.00
x/text ar-MA 37,00
x/text ar-u-nu-latn 37.00
x/text ar-EG-u-nu-latn 37.00
formatjs ar 37.00
formatjs ar-DE 37.00
formatjs ar-EG ٣٧٫٠٠
formatjs ar-IQ ٣٧٫٠٠
formatjs ar-SY ٣٧٫٠٠
formatjs ar-LB ٣٧٫٠٠
formatjs ar-SA ٣٧٫٠٠
formatjs ar-MA 37,00
formatjs ar-u-nu-latn 37.00
formatjs ar-EG-u-nu-latn 37.00
E
