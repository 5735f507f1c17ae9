// Loaded before a program that listens on a port of its own choice, everywhere: a free one of this machine instead.
const { Server } = require('node:net')

const listen = Server.prototype.listen
Server.prototype.listen = function (options, ...rest) {
  return listen.call(this, { ...options, host: '127.0.0.1', port: 0 }, ...rest)
}
