// The free times of one office, as Mercurius serves them: the same fragment of the schema, the same SQL statement to the
// same database, the office's rules in memory. `node server.js SETTINGS.json`; several workers share the port.
import cluster from 'node:cluster'
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import mercuriusCache from 'mercurius-cache'
import pg from 'pg'

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'))

// Fields of inputs that have a default can be left out: the compiler (JIT) takes that from nullable ones only.
const schema = `
  scalar Date
  scalar DateTime
  type Query {
    availability(input: AvailabilityInput!): Availability
  }
  input AvailabilityInput {
    office: ID!
    concerns: [ConcernInput!]!
    from: Date
    days: Int! = 28
    explain: Boolean
  }
  input ConcernInput {
    service: ID!
    quantity: Int
  }
  type Availability {
    days: [AvailabilityDay!]!
  }
  type AvailabilityDay {
    date: Date!
    starts: [DateTime!]!
    slots: [Slot!]!
    reason: UnavailableReason
  }
  type Slot {
    start: DateTime!
    end: DateTime!
    counters: Int!
    reason: UnavailableReason
  }
  enum UnavailableReason { CLOSED HOLIDAY FULL TOO_SOON TOO_FAR NO_QUALIFIED_COUNTER OFF_GRID TIMEOUT NOT_OFFERED LATER }
`

const cellsOfDay = 288
const minutes = new Map(Object.entries(settings.minutes))
const days = new Map(settings.days.map((day, i) => [day.date, i]))
const { counters, openCells, stepCells, leadSeconds } = settings
const nth = new Map(counters.map((number, i) => [number, i]))
const clock = Array.from({ length: cellsOfDay + 1 }, (_, cell) =>
  `T${String(Math.floor(cell / 12)).padStart(2, '0')}:${String((cell % 12) * 5).padStart(2, '0')}:00`)

pg.types.setTypeParser(pg.types.builtins.INT8, Number)
const pool = new pg.Pool({ connectionString: settings.url, max: Math.ceil(settings.connections / settings.workers), idleTimeoutMillis: 0 })

// taken reads the cells that are taken, into one row of bytes for each counter.
async function taken (lo, hi, now) {
  const { rows } = await pool.query({ name: 'taken', text: settings.sql, values: [counters, lo, hi, new Date(now)], rowMode: 'array' })
  const width = hi - lo
  const busy = new Uint8Array(counters.length * width)
  for (const [counter, cell] of rows) busy[nth.get(counter) * width + cell - lo] = 1
  return busy
}

// fill computes the days: how many counters are free for so many cells in a row, at each step of the opening hours.
function fill (first, count, cells, busy, now, slots) {
  const [open, close] = openCells
  const width = count * cellsOfDay
  const answer = new Array(count)
  const free = new Uint8Array(cellsOfDay)
  for (let i = 0; i < count; i++) {
    const day = settings.days[first + i]
    free.fill(0)
    for (let c = 0; c < counters.length; c++) {
      let run = 0
      for (let cell = close - 1, at = c * width + i * cellsOfDay; cell >= open; cell--) {
        run = busy[at + cell] ? 0 : run + 1
        if (run >= cells) free[cell]++
      }
    }
    const soon = now / 1000 + leadSeconds
    const starts = []
    const list = []
    for (let cell = open; cell + cells <= close; cell += stepCells) {
      if (free[cell] === 0 || day.midnight + cell * 300 < soon) continue
      const start = day.date + clock[cell] + day.offset
      if (slots) list.push({ start, end: day.date + clock[cell + cells] + day.offset, counters: free[cell], reason: null })
      if (!slots || settings.cache) starts.push(start) // the cache sees no difference between the two selections
    }
    answer[i] = { date: day.date, starts, slots: list, reason: null }
  }
  return { days: answer }
}

// wantsSlots tells whether slots are selected, once for each document.
const wanted = new WeakMap()
function wantsSlots (field) {
  let answer = wanted.get(field)
  if (answer === undefined) {
    answer = field.selectionSet.selections.some((days) => days.selectionSet?.selections.some((inner) => inner.name?.value === 'slots'))
    wanted.set(field, answer)
  }
  return answer
}

const resolvers = {
  Query: {
    async availability (_, { input }, context, info) {
      const first = days.get(input.from)
      if (input.office !== settings.office || first === undefined) return null
      const cells = input.concerns.reduce((sum, c) => sum + (minutes.get(c.service) * (c.quantity ?? 1)) / 5, 0)
      const now = Date.now()
      const lo = settings.days[first].midnight / 300
      const busy = await taken(lo, lo + input.days * cellsOfDay, now)
      return fill(first, input.days, cells, busy, now, settings.cache || wantsSlots(info.fieldNodes[0]))
    }
  }
}

async function serve () {
  const app = Fastify({ logger: false })
  app.register(mercurius, { schema, resolvers, jit: settings.jit, graphiql: false })
  if (settings.cache) app.register(mercuriusCache, { ttl: 60, policy: { Query: { availability: true } } })
  app.get('/readyz', async () => 'ok')
  const [host, port] = settings.addr.split(':')
  await app.listen({ host, port: Number(port) })
}

if (cluster.isPrimary && settings.workers > 1) {
  for (let i = 0; i < settings.workers; i++) cluster.fork()
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGKILL')
    process.exit(0)
  })
} else {
  if (cluster.isPrimary) process.on('SIGTERM', () => process.exit(0))
  await serve()
}
