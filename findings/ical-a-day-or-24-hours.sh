#!/usr/bin/env bash
# npm ical.js 2.2.1 and node-ical 0.26.1, github.com/emersion/go-ical v0.0.0-20250609112844-439c63cef608
#
# Expected: an event from noon of the day before the clocks go back lasts until noon with DURATION:P1D, and until
# eleven with DURATION:PT24H (RFC 5545, 3.3.6: weeks and days are nominal, hours, minutes and seconds are accurate,
# and how long a day is depends on where it stands in the calendar).
#
# Seen: none of the three readers tells the two apart, and they err in opposite directions. ical.js adds both on the
# calendar, so that PT24H lasts 25 hours; node-ical and go-ical add both on the clock, so that P1D ends at
# eleven. A reservation that is written with the one and read with the other is an hour off.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > events.ics <<'E'
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Town//Hall//EN
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
DTSTART:19810329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:CEST
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:CET
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:P1D
DTSTAMP:20261001T080000Z
DTSTART;TZID=Europe/Berlin:20261024T120000
DURATION:P1D
SUMMARY:Wedding room
END:VEVENT
BEGIN:VEVENT
UID:PT24H
DTSTAMP:20261001T080000Z
DTSTART;TZID=Europe/Berlin:20261024T120000
DURATION:PT24H
SUMMARY:Wedding room
END:VEVENT
END:VCALENDAR
E
sed -i 's/$/\r/' events.ics

echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts ical.js@2.2.1 node-ical@0.26.1
cat > run.js <<'E'
import { readFileSync } from 'node:fs'
import ICAL from 'ical.js'
import ical from 'node-ical'

const file = readFileSync('events.ics', 'utf8')
const inBerlin = date => date.toLocaleString('sv', { timeZone: 'Europe/Berlin' }).slice(0, 16)

for (const event of new ICAL.Component(ICAL.parse(file)).getAllSubcomponents('vevent').map(e => new ICAL.Event(e))) {
  console.log(`ical.js, ${event.uid}: until ${inBerlin(event.endDate.toJSDate())}`)
}
for (const event of Object.values(ical.sync.parseICS(file)).filter(e => e.type === 'VEVENT')) {
  console.log(`node-ical, ${event.uid}: until ${inBerlin(event.end)}`)
}
E
node run.js | tee seen

cat > go.mod <<'E'
module finding

go 1.25

require (
	github.com/emersion/go-ical v0.0.0-20250609112844-439c63cef608
	github.com/teambition/rrule-go v1.8.2
)
E
cat > main.go <<'E'
package main

import (
	"fmt"
	"log"
	"os"
	"time"
	_ "time/tzdata"

	"github.com/emersion/go-ical"
)

func main() {
	file, err := os.Open("events.ics")
	if err != nil {
		log.Fatal(err)
	}
	calendar, err := ical.NewDecoder(file).Decode()
	if err != nil {
		log.Fatal(err)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range calendar.Events() {
		uid, _ := event.Props.Text("UID")
		end, err := event.DateTimeEnd(berlin)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("go-ical, %s: until %s\n", uid, end.In(berlin).Format("2006-01-02 15:04"))
	}
}
E
GOFLAGS=-mod=mod go run . | tee -a seen
diff seen - <<'E'
ical.js, P1D: until 2026-10-25 12:00
ical.js, PT24H: until 2026-10-25 12:00
node-ical, P1D: until 2026-10-25 11:00
node-ical, PT24H: until 2026-10-25 11:00
go-ical, P1D: until 2026-10-25 11:00
go-ical, PT24H: until 2026-10-25 11:00
E
