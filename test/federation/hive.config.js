import { defineConfig } from '@graphql-hive/gateway'

export const gatewayConfig = defineConfig({
  supergraph: process.env.SUPERGRAPH ?? 'supergraph.graphql',

  // Nelke must know of the caller who it is, in which language to answer, and from where they come. The token opens a
  // person's case, so nobody else gets it.
  propagateHeaders: {
    fromClientToSubgraphs({ context: { headers, req }, subgraphName }) {
      return {
        authorization: subgraphName === 'nelke' ? (headers.authorization ?? headers.Authorization) : null, // of connection_init as it was written there
        'accept-language': headers['accept-language'],
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
