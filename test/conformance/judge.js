// Judges documents as graphql-js does: node judge.js SCHEMA CASES. CASES has one JSON object a line, {document, variables}; what
// is printed is one JSON list, for each an empty string where it is accepted, or why not.
import { readFileSync } from 'node:fs'
import { buildSchema, execute, getNamedType, isAbstractType, isEnumType, isListType, isNonNullType, isObjectType, parse, validate } from 'graphql'

const schema = buildSchema(readFileSync(process.argv[2], 'utf8'), { assumeValidSDL: true })

// Scalars of the schema's own take what its descriptions say.
const forms = {
  UUID: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  Date: /^\s*\d{4}-\d\d-\d\d\s*$/,
  DateTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  LocalTime: /^\s*\d\d:\d\d\s*$/,
  EmailAddress: /^/,
  PhoneNumber: /^/,
}
for (const [name, form] of Object.entries(forms)) {
  const type = schema.getType(name)
  type.parseValue = (value) => {
    if (typeof value !== 'string' || !form.test(value)) throw new Error(`not a ${name}`)
    return value
  }
  const literal = type.parseLiteral.bind(type)
  type.parseLiteral = (node) => {
    if (node.kind !== 'StringValue') throw new Error(`not a ${name}`)
    return type.parseValue(node.value)
  }
}

// Every field is answered with something, so that the arguments of those within are read, too.
const something = (type) => {
  if (isNonNullType(type)) return something(type.ofType)
  if (isListType(type)) return [something(type.ofType)]
  if (isEnumType(type)) return type.getValues()[0].value
  if (isObjectType(type) || isAbstractType(type)) return {}
  return { Int: 1, Boolean: true, Float: 1 }[getNamedType(type).name] ?? 'x'
}

const judge = async ({ document: text, variables }) => {
  let document
  try {
    document = parse(text)
    const faults = validate(schema, document)
    if (faults.length > 0) return faults[0].message
  } catch (fault) {
    return fault.message
  }
  const answer = await execute({
    schema, document, variableValues: variables,
    fieldResolver: (_source, _arguments, _context, info) => something(info.returnType),
    typeResolver: (_value, _context, _info, type) => schema.getPossibleTypes(type)[0].name,
  })
  return answer.errors?.[0].message ?? ''
}

const verdicts = []
for (const line of readFileSync(process.argv[3], 'utf8').trim().split('\n')) verdicts.push(await judge(JSON.parse(line)))
console.log(JSON.stringify(verdicts))
