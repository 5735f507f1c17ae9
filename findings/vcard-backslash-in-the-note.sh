#!/usr/bin/env bash
# npm ical.js 2.2.1, github.com/emersion/go-vcard v0.0.0-20241024213814-c9703dde27ff; beside them npm vcard4 4.0.5
#
# Expected: "\;" in the note of a vCard is a semicolon, and a card that is read and written again says what it said (RFC
# 6350, 3.4: a semicolon in a property that isn't made of fields may be written with a backslash; RFC 2426, 4, has
# it so for vCard 3.0).
#
# Seen: both libraries undo "\," and "\n", but leave "\;" as it is, so that people read a backslash; and since they
# do protect backslashes when they write, the card then holds "\\;", which is a backslash for everybody, for good.
# ical.js gets the very same text right in an iCalendar file and in the fields of an ORG. vcard4 reads it right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > town.vcf <<'E'
BEGIN:VCARD
VERSION:4.0
FN:Town hall
NOTE:Ring twice\; second floor\, left
ORG:Town\; County;Registry
END:VCARD
E
cat > town.ics <<'E'
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Town//Hall//EN
BEGIN:VEVENT
UID:1@town.example
DTSTAMP:20261001T080000Z
DTSTART:20261102T090000Z
DESCRIPTION:Ring twice\; second floor\, left
END:VEVENT
END:VCALENDAR
E
sed -i 's/$/\r/' town.vcf town.ics

echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts ical.js@2.2.1 vcard4@4.0.5
cat > run.js <<'E'
import { readFileSync } from 'node:fs'
import ICAL from 'ical.js'
import { parse as VCard } from 'vcard4'

const read = name => readFileSync(name, 'utf8')
const card = new ICAL.Component(ICAL.parse(read('town.vcf')))
const event = new ICAL.Component(ICAL.parse(read('town.ics'))).getFirstSubcomponent('vevent')
console.log('ical.js reads the note:', card.getFirstPropertyValue('note'))
console.log('ical.js writes it:', card.toString().split('\r\n').find(line => line.startsWith('NOTE')))
console.log('ical.js reads the organisation:', card.getFirstPropertyValue('org').join(' | '))
console.log('ical.js reads the description:', event.getFirstPropertyValue('description'))
console.log('vcard4 reads the note:', new VCard(read('town.vcf')).getProperty('NOTE')[0].value)
E
node run.js | tee seen

cat > go.mod <<'E'
module finding

go 1.25

require github.com/emersion/go-vcard v0.0.0-20241024213814-c9703dde27ff
E
cat > main.go <<'E'
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/emersion/go-vcard"
)

func main() {
	file, err := os.Open("town.vcf")
	if err != nil {
		log.Fatal(err)
	}
	card, err := vcard.NewDecoder(file).Decode()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("go-vcard reads the note:", card.Value(vcard.FieldNote))
	var out bytes.Buffer
	if err := vcard.NewEncoder(&out).Encode(card); err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "NOTE") {
			fmt.Println("go-vcard writes it:", strings.TrimSpace(line))
		}
	}
}
E
GOFLAGS=-mod=mod go run . | tee -a seen
diff seen - <<'E'
ical.js reads the note: Ring twice\; second floor, left
ical.js writes it: NOTE:Ring twice\\; second floor\, left
ical.js reads the organisation: Town; County | Registry
ical.js reads the description: Ring twice; second floor, left
vcard4 reads the note: Ring twice; second floor, left
go-vcard reads the note: Ring twice\; second floor, left
go-vcard writes it: NOTE:Ring twice\\; second floor\, left
E
