#!/usr/bin/env bash
# npm ajv 8.20.0 (draft 2020-12); beside it github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
#
# Expected: a field that "if" has looked at and found good is evaluated, so unevaluatedProperties has nothing to say
# against it, whatever "then" and "else" are or whether they are there at all (JSON Schema Core 2020-12, 10.2.2.1: the
# annotations of "if" are collected in the usual way, also without "then" and "else"; 11.3: unevaluatedProperties
# counts those of "if").
#
# Seen: for ajv the fields of "if" count only if "then" or "else" can refuse something. A "then" that is true or
# empty, or that only has a title, is left out together with its "if", and the very field that the form asks
# for is refused. Give "then" a type, which refuses nothing that wasn't refused before, or "else" false, and
# the same answers are accepted. So a form in which somebody deletes the last rule of a branch begins to refuse its own
# field in the browser, while the server goes on accepting it. (A change that mends it, 2639, lies open with its authors.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > branches.json <<'E'
["{\"then\": {\"type\": \"object\"}}", "{\"then\": true}", "{\"then\": {}}", "{\"then\": {\"title\": \"With a child\"}}", "{\"else\": true}", "{\"else\": false}"]
E
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts ajv@8.20.0
cat > run.js <<'E'
import { readFileSync } from 'node:fs'
import Ajv from 'ajv/dist/2020.js'

for (const branch of JSON.parse(readFileSync('branches.json'))) {
  const schema = {
    type: 'object',
    if: { properties: { child: { type: 'string' } }, required: ['child'] },
    ...JSON.parse(branch),
    unevaluatedProperties: false,
  }
  const ajv = new Ajv()
  console.log(`ajv, ${branch}: ${ajv.validate(schema, { child: 'Mia' }) ? 'accepted' : ajv.errorsText()}`)
}
E
node run.js | tee seen

cat > go.mod <<'E'
module finding

go 1.25

require github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
E
cat > main.go <<'E'
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func main() {
	file, err := os.ReadFile("branches.json")
	if err != nil {
		log.Fatal(err)
	}
	var branches []string
	if err := json.Unmarshal(file, &branches); err != nil {
		log.Fatal(err)
	}
	for i, branch := range branches {
		schema, err := jsonschema.UnmarshalJSON(strings.NewReader(`{
			"type": "object",
			"if": {"properties": {"child": {"type": "string"}}, "required": ["child"]},
			"unevaluatedProperties": false, ` + strings.TrimPrefix(branch, "{")))
		if err != nil {
			log.Fatal(err)
		}
		compiler, name := jsonschema.NewCompiler(), fmt.Sprintf("form%d.json", i)
		if err := compiler.AddResource(name, schema); err != nil {
			log.Fatal(err)
		}
		verdict := "accepted"
		if err := compiler.MustCompile(name).Validate(map[string]any{"child": "Mia"}); err != nil {
			verdict = err.Error()
		}
		fmt.Printf("jsonschema, %s: %s\n", branch, verdict)
	}
}
E
GOFLAGS=-mod=mod go run . | tee -a seen
diff seen - <<'E'
ajv, {"then": {"type": "object"}}: accepted
ajv, {"then": true}: data must NOT have unevaluated properties
ajv, {"then": {}}: data must NOT have unevaluated properties
ajv, {"then": {"title": "With a child"}}: data must NOT have unevaluated properties
ajv, {"else": true}: data must NOT have unevaluated properties
ajv, {"else": false}: accepted
jsonschema, {"then": {"type": "object"}}: accepted
jsonschema, {"then": true}: accepted
jsonschema, {"then": {}}: accepted
jsonschema, {"then": {"title": "With a child"}}: accepted
jsonschema, {"else": true}: accepted
jsonschema, {"else": false}: accepted
E
