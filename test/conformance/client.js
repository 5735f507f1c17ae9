// A reference client by remote control: node client.js ws|sse URL OPTIONS
//
// Each line of the input is a command: {"subscribe": {"query", "variables"}, "as": "name"} or {"cancel": "name"}. Each line
// of the output is what the client says: {"on": "next", "as": "name", "value"} and so on.
//
// OPTIONS are those of the client, and of these: tokens, of which each connection uses the next, the last one again and
// again; retry, whether a connection that fails is tried again (ws); oneId, the same for every operation (ws); manner, in
// which it breaks the protocol (ws).
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { createClient as createEvents } from 'graphql-sse'
import { createClient as createSocket } from 'graphql-ws'
import WebSocket from 'ws'

const say = (on, what) => console.log(JSON.stringify({ on, ...what }))
const soon = () => setTimeout(50)

const [kind, url, given] = process.argv.slice(2)
const { tokens = [], retry, oneId, manner, ...options } = JSON.parse(given)
const authorization = () => {
  const token = tokens.length > 1 ? tokens.shift() : tokens[0]
  return token && { authorization: `Bearer ${token}` }
}

// Sockets that do what the client never would.
const isInit = (text) => JSON.parse(text).type === 'connection_init'
const hello = JSON.stringify({ id: 'early', type: 'subscribe', payload: { query: '{ __typename }' } })
const manners = {
  'names no subprotocol': class extends WebSocket {
    constructor(url) { super(url) }
  },
  'names another subprotocol': class extends WebSocket {
    constructor(url) { super(url, 'graphql-ws') }
  },
  'never initialises': class extends WebSocket {
    send(text) { if (!isInit(text)) super.send(text) }
  },
  'initialises twice': class extends WebSocket {
    send(text) { super.send(text); if (isInit(text)) super.send(text) }
  },
  'subscribes before it initialises': class extends WebSocket {
    send(text) { super.send(isInit(text) ? hello : text) }
  },
  'speaks no JSON': class extends WebSocket {
    send(text) { super.send(isInit(text) ? text : '{') }
  },
  'answers no ping': class extends WebSocket {
    send(text) { if (JSON.parse(text).type !== 'pong') super.send(text) }
  },
}

const clients = {
  ws: () =>
    createSocket({
      url,
      webSocketImpl: manner ? manners[manner] : WebSocket,
      connectionParams: authorization,
      retryWait: soon,
      ...(retry !== undefined && { shouldRetry: () => retry }),
      ...(oneId && { generateID: () => oneId }),
      on: {
        connecting: (again) => say('connecting', { again }),
        connected: (_socket, _payload, again) => say('connected', { again }),
        closed: ({ code, reason }) => say('closed', { code, reason }),
        ping: (received) => say('ping', { received }),
        pong: (received) => say('pong', { received }),
      },
      ...options,
    }),
  sse: () =>
    createEvents({
      url,
      headers: authorization,
      retry: soon,
      on: {
        connecting: (again) => say('connecting', { again }),
        connected: (again) => say('connected', { again }),
      },
      ...options,
    }),
}

const client = clients[kind]()
const running = {}
for await (const line of createInterface({ input: process.stdin })) {
  const { subscribe, as, cancel } = JSON.parse(line)
  if (cancel) running[cancel]()
  else
    running[as] = client.subscribe(subscribe, {
      next: (value) => say('next', { as, value }),
      error: (e) =>
        say('error', { as, errors: Array.isArray(e) ? e : undefined, code: e.code, reason: e.reason, status: e.response?.status, message: e.message }),
      complete: () => say('complete', { as }),
    })
}
process.exit()
