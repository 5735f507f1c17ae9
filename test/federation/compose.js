// Composes subgraphs to a supergraph, and prints it:
//   node compose.js apollo|guild|wundergraph [--without=TAG] NAME=URL|FILE... >supergraph.graphql
//
// A URL is asked for its schema, as a gateway's operator would; `NAME=FILE@URL` takes the schema from a file.
// --without leaves out what bears the tag, and what can't be reached any more: a contract. The Guild's composer alone
// makes them here: Apollo's are part of its platform, and WunderGraph's need Node 22.
import { readFile } from 'node:fs/promises'
import { parse, print } from 'graphql'

const composers = {
  async apollo(subgraphs) {
    const { composeServices } = await import('@apollo/composition')
    const { errors, supergraphSdl } = composeServices(subgraphs)
    return { errors, supergraph: supergraphSdl }
  },

  async guild(subgraphs, without) {
    const { composeServices, composeSchemaContract } = await import('@theguild/federation-composition')
    const { errors, supergraphSdl } = without
      ? composeSchemaContract(subgraphs, { include: new Set(), exclude: new Set([without]) }, true)
      : composeServices(subgraphs)
    return { errors, supergraph: supergraphSdl }
  },

  // What it makes is for its own router, which reads more than this schema; here it tells whether the router would take it.
  async wundergraph(subgraphs) {
    const { federateSubgraphs, ROUTER_COMPATIBILITY_VERSION_ONE: version } = await import('@wundergraph/composition')
    const { errors, federatedGraphAST } = federateSubgraphs({
      subgraphs: subgraphs.map(({ name, url, typeDefs }) => ({ name, url, definitions: typeDefs })),
      version,
    })
    return { errors, supergraph: federatedGraphAST && print(federatedGraphAST) }
  },
}

async function ask(url) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ _service { sdl } }' }),
  })
  const { data, errors } = await answer.json()
  if (errors) throw new Error(`${url}: ${errors[0].message}`)
  return data._service.sdl
}

async function read(argument) {
  const [, name, file, url] = /^(\w+)=(?:(.*)@)?(.*)$/.exec(argument)
  const sdl = file ? await readFile(file, 'utf8') : await ask(url)
  return { name, url, typeDefs: parse(sdl) }
}

const [composer, ...rest] = process.argv.slice(2)
const without = rest[0]?.startsWith('--without=') ? rest.shift().slice('--without='.length) : null
if (without && composer !== 'guild') throw new Error(`no contracts by ${composer}`)
const { errors, supergraph } = await composers[composer](await Promise.all(rest.map(read)), without)
if (errors?.length) {
  for (const e of errors) console.error(e.extensions?.code ?? e.name, e.message)
  process.exit(1)
}
process.stdout.write(supergraph)
