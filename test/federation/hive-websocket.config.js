// Subscriptions by WebSocket between the gateway and Nelke, in the place of server-sent events. Nelke runs a hundred on a
// connection, and the gateway has one connection for all callers with the same token, so this is for few.
import { gatewayConfig as usual } from './hive.config.js'

export const gatewayConfig = {
  ...usual,
  transportEntries: {
    nelke: {
      options: {
        ...usual.transportEntries.nelke.options,
        subscriptions: {
          kind: 'ws',
          headers: [['accept-language', '{context.headers.accept-language}']],
          options: { connectionParams: { authorization: '{context.headers.authorization}' } },
        },
      },
    },
  },
}
