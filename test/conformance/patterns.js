// Judges values by regular expressions as JavaScript does, with the flags u and v, and answers by forms as ajv does.
// Standard input: {patterns: {pattern: [values]}, forms: [{schema, answers: [answers]}]}; standard output: the verdicts.
import { readFileSync } from "node:fs"
import Ajv from "ajv/dist/2020.js"
import addFormats from "ajv-formats"

const asked = JSON.parse(readFileSync(0, "utf8"))

// What a frontend adds to ajv to know forms. The format needs no code: its pattern stands beside it.
function frontend(today) {
  const ajv = new Ajv({ strict: false, allErrors: true })
  addFormats(ajv)
  ajv.addFormat("partial-date", true)
  ajv.addKeyword({
    keyword: "x-maxDaysAhead",
    type: "string",
    validate: (days, value) => {
      const last = new Date(Date.parse(today) + days * 86_400_000).toISOString().slice(0, 10)
      const date = value.replace(/(-00)+$/, "")
      return date <= last.slice(0, date.length)
    },
  })
  return ajv
}

const ajv = frontend(asked.today)
const verdicts = { patterns: {}, forms: [] }
for (const [pattern, values] of Object.entries(asked.patterns)) {
  const u = new RegExp(pattern, "u")
  const v = new RegExp(pattern, "v")
  const schema = ajv.compile({ type: "string", pattern })
  verdicts.patterns[pattern] = values.map((value) => [u.test(value), v.test(value), schema(value)])
}
for (const { schema, answers } of asked.forms) {
  const validate = ajv.compile(schema)
  verdicts.forms.push(answers.map((a) => validate(a)))
}
process.stdout.write(JSON.stringify(verdicts))
