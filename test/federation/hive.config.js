import { defineConfig, Logger } from '@graphql-hive/gateway'

// With an error the gateway would log the whole request that it couldn't send: what a person typed, and the key of their case.
const unlogged = ['request.body', 'response.body'].flatMap((body) => [`extensions.${body}`, `*.extensions.${body}`])

export const gatewayConfig = defineConfig({
  supergraph: process.env.SUPERGRAPH ?? 'supergraph.graphql',
  logging: new Logger({ redact: unlogged }),

  // Nelke must know of the caller who it is, in which language to answer, from where they come, and with which
  // browser: visits are counted by it. The token opens a person's case, so nobody else gets it.
  propagateHeaders: {
    fromClientToSubgraphs({ context: { headers, req }, subgraphName }) {
      return {
        authorization: subgraphName === 'nelke' ? (headers.authorization ?? headers.Authorization) : null, // of connection_init as it was written there
        'accept-language': headers['accept-language'],
        'user-agent': headers['user-agent'],
        'x-forwarded-for': [headers['x-forwarded-for'], req?.socket.remoteAddress].filter(Boolean).join(', '),
      }
    },
  },

  // The gateway sends equal requests that are under way at the same moment once. Headers that a plugin adds don't make
  // them different to it, so one person would be given what another asked for.
  transportEntries: { nelke: { options: { deduplicateInflightRequests: false } } },

  // Nelke answers within ten seconds. Subscriptions last.
  upstreamTimeout: ({ executionRequest }) => (executionRequest?.operationType === 'subscription' ? undefined : 12_000),
})
