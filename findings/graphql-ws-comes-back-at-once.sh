#!/usr/bin/env bash
# npm graphql-ws 6.4.2 (the client), graphql 16.15.0; the server is npm ws 8.23.0
#
# Expected: a server that closes a socket with 1000, the normal end of what it was opened for (RFC 6455, 7.4.1), either ends
# the client's subscriptions or is come back to after a pause, as with every other code: the documentation of
# retryAttempts says how often the client reconnects (5 times, unless said otherwise), that of retryWait that each
# time is preceded by a random and growing wait.
#
# Seen: 1000 from the server counts for neither. The client subscribes again at once, without any wait, as often as it is
# sent away, even with retryAttempts 0, where 1001 (going away) and 1012 (service restart) are an error after
# the first connection. So the politest of all codes is the one that makes every client storm a server
# that is shutting down or limits its connections; such a server has to say 1001, 1012 or 1013.
#
# The server sends each client away forty times and then completes its subscription.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts graphql-ws@6.4.2 graphql@16.15.0 ws@8.23.0
cat > run.js <<'E'
import { once } from 'node:events'
import { createClient } from 'graphql-ws'
import { WebSocket, WebSocketServer } from 'ws'

async function sentAway(code, options) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'graphql-transport-ws' })
  await once(server, 'listening')
  let connections = 0
  server.on('connection', socket => {
    const last = ++connections > 40
    socket.on('message', data => {
      const message = JSON.parse(data)
      if (message.type === 'connection_init') socket.send('{"type": "connection_ack"}')
      if (message.type !== 'subscribe') return
      if (last) socket.send(JSON.stringify({ type: 'complete', id: message.id }))
      else socket.close(code)
    })
  })
  const client = createClient({ url: `ws://127.0.0.1:${server.address().port}`, webSocketImpl: WebSocket, ...options })
  const began = Date.now()
  const end = await new Promise(resolve => {
    const waiting = setTimeout(resolve, 1200, 'is waiting')
    const ended = how => { clearTimeout(waiting); resolve(how) }
    client.subscribe({ query: 'subscription { turn }' }, {
      next() {}, error: e => ended(`error ${e.code}`), complete: () => ended('complete'),
    })
  })
  const time = Date.now() - began < 1200 ? 'within 1.2 s' : 'after 1.2 s'
  console.log(`${code}, ${JSON.stringify(options)}: ${end} ${time}, ${connections} connections`)
  client.terminate()
  for (const socket of server.clients) socket.terminate()
  server.close()
}

for (const options of [{}, { retryAttempts: 0 }]) {
  for (const code of [1000, 1001, 1012]) await sentAway(code, options)
}
process.exit()
E
node run.js | tee seen
diff seen - <<'E'
1000, {}: complete within 1.2 s, 41 connections
1001, {}: is waiting after 1.2 s, 1 connections
1012, {}: is waiting after 1.2 s, 1 connections
1000, {"retryAttempts":0}: complete within 1.2 s, 41 connections
1001, {"retryAttempts":0}: error 1001 within 1.2 s, 1 connections
1012, {"retryAttempts":0}: error 1012 within 1.2 s, 1 connections
E
