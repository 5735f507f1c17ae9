// Composes the three subgraphs of the compatibility suite and serves them by @apollo/gateway:
//   node supergraph.js products=URL=- users=URL=FILE inventory=URL=FILE
// A schema comes from a file, or with - from the subgraph itself.
import { readFile } from 'node:fs/promises'
import { composeServices } from '@apollo/composition'
import { ApolloGateway } from '@apollo/gateway'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { parse } from 'graphql'

async function ask(url) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ _service { sdl } }' }),
  })
  return (await answer.json()).data._service.sdl
}

const subgraphs = process.argv.slice(2).map(async (argument) => {
  const [name, url, file] = argument.split('=')
  return { name, url, typeDefs: parse(file === '-' ? await ask(url) : await readFile(file, 'utf8')) }
})
const { errors, supergraphSdl } = composeServices(await Promise.all(subgraphs))
if (errors?.length) throw new Error(errors.map((e) => e.message).join('\n'))

const server = new ApolloServer({ gateway: new ApolloGateway({ supergraphSdl }) })
const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } })
console.log(`ready at ${url}`)
