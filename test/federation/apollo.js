// @apollo/gateway in front of a supergraph: PORT=4000 node apollo.js supergraph.graphql
import { readFile } from 'node:fs/promises'
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { GraphQLError } from 'graphql'

class Subgraph extends RemoteGraphQLDataSource {
  // Nelke answers within ten seconds.
  fetcher = (url, request) => fetch(url, { ...request, signal: AbortSignal.timeout(12_000) })

  willSendRequest({ request, context: { caller } }) {
    for (const [name, value] of Object.entries(caller ?? {})) {
      if (value && (name !== 'authorization' || this.trusted)) request.http.headers.set(name, value)
    }
  }

  // An answer of 401 or 503 says in its body why. The class would wrap it, and show the subgraph's address.
  async errorFromResponse(response) {
    const wrapped = await super.errorFromResponse(response)
    const [first] = wrapped.extensions.response.body?.errors ?? []
    return first ? new GraphQLError(first.message, { extensions: first.extensions }) : wrapped
  }
}

// Nelke must know of the caller who it is, in which language to answer, from where they come, and with which
// browser: visits are counted by it. The token opens a person's case, so nobody else gets it.
const caller = ({ headers, socket }) => ({
  authorization: headers.authorization,
  'accept-language': headers['accept-language'],
  'user-agent': headers['user-agent'],
  'x-forwarded-for': [headers['x-forwarded-for'], socket.remoteAddress].filter(Boolean).join(', '),
})

const gateway = new ApolloGateway({
  supergraphSdl: await readFile(process.argv[2], 'utf8'),
  buildService: ({ name, url }) => new Subgraph({ url, trusted: name === 'nelke' }),
})
const server = new ApolloServer({ gateway, includeStacktraceInErrorResponses: false })
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: Number(process.env.PORT ?? 4000) },
  context: async ({ req }) => ({ caller: caller(req) }),
})
console.log(`ready at ${url}`)
