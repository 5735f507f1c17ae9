import { defineConfig } from '@graphql-hive/gateway'

export const gatewayConfig = defineConfig({
  supergraph: process.env.SUPERGRAPH ?? 'supergraph.graphql',

  // Nelke must know of the caller who it is, in which language to answer, and from where they come. Headers that are
  // named here also keep requests of different callers apart, which the gateway would send once if they were equal.
  propagateHeaders: {
    fromClientToSubgraphs({ context: { headers, req } }) {
      return {
        authorization: headers.authorization ?? headers.Authorization, // of a WebSocket's connection_init, as it was written there
        'accept-language': headers['accept-language'],
        'x-forwarded-for': [headers['x-forwarded-for'], req?.socket.remoteAddress].filter(Boolean).join(', '),
      }
    },
  },

  // Nelke answers within ten seconds. Subscriptions last.
  upstreamTimeout: ({ executionRequest }) => (executionRequest?.operationType === 'subscription' ? undefined : 12_000),
})
