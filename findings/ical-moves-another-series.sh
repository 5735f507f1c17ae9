#!/usr/bin/env bash
# npm ical.js 2.2.1
#
# Expected: a VEVENT with a RECURRENCE-ID changes one instance of the series that bears the same UID, and of no other
# (RFC 5545, 3.8.4.4: it names an instance together with the UID; 3.8.4.7: a UID is unique in the world).
#
# Seen: ICAL.Event takes every exception in the file for its own. Two counters both open on Mondays at nine, one of
# them opens at two once: for ical.js both do, and both bear the one's title. The option that is there to compare
# UIDs, strictExceptions, doesn't pass over the other counter's exception but throws at it, so the file
# can't be read at all. The only way is to hand over the list of exceptions oneself. (Reported to its authors as issue
# 1019, open.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts ical.js@2.2.1
cat > run.js <<'E'
import ICAL from 'ical.js'

const file = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Town//Counters//EN
BEGIN:VEVENT
UID:counter-1@town.example
DTSTAMP:20261001T080000Z
DTSTART:20261102T090000Z
DTEND:20261102T120000Z
RRULE:FREQ=WEEKLY;COUNT=3
SUMMARY:Counter 1
END:VEVENT
BEGIN:VEVENT
UID:counter-2@town.example
DTSTAMP:20261001T080000Z
DTSTART:20261102T090000Z
DTEND:20261102T120000Z
RRULE:FREQ=WEEKLY;COUNT=3
SUMMARY:Counter 2
END:VEVENT
BEGIN:VEVENT
UID:counter-2@town.example
DTSTAMP:20261001T080000Z
RECURRENCE-ID:20261109T090000Z
DTSTART:20261109T140000Z
DTEND:20261109T170000Z
SUMMARY:Counter 2 in the afternoon
END:VEVENT
END:VCALENDAR
`.replaceAll('\n', '\r\n')

const events = new ICAL.Component(ICAL.parse(file)).getAllSubcomponents('vevent')
const exceptions = events.filter(e => e.hasProperty('recurrence-id'))

for (const [way, optionsFor] of [
  ['as it comes', () => undefined],
  ['strictExceptions', () => ({ strictExceptions: true })],
  ['by hand', uid => ({ exceptions: exceptions.filter(e => e.getFirstPropertyValue('uid') === uid) })],
]) {
  const component = events.find(e => e.getFirstPropertyValue('uid') === 'counter-1@town.example')
  try {
    const event = new ICAL.Event(component, optionsFor('counter-1@town.example'))
    const days = event.iterator()
    const seen = []
    for (let day; (day = days.next());) {
      const { startDate, item } = event.getOccurrenceDetails(day)
      seen.push(`${startDate} ${item.summary}`)
    }
    console.log(`counter 1, ${way}: ${seen.join(' | ')}`)
  } catch (e) {
    console.log(`counter 1, ${way}: ${e.message}`)
  }
}
E
node run.js | tee seen
diff seen - <<'E'
counter 1, as it comes: 2026-11-02T09:00:00Z Counter 1 | 2026-11-09T14:00:00Z Counter 2 in the afternoon | 2026-11-16T09:00:00Z Counter 1
counter 1, strictExceptions: attempted to relate unrelated exception
counter 1, by hand: 2026-11-02T09:00:00Z Counter 1 | 2026-11-09T09:00:00Z Counter 1 | 2026-11-16T09:00:00Z Counter 1
E
