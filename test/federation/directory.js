// A regional directory, as a district might run one: a subgraph that shares nothing with Nelke but the key `ars`.
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { parse } from 'graphql'

const typeDefs = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@tag"])

  type Query {
    "One region, or null."
    region("Beginning of the Regionalschlüssel of all that lies in it." key: ID!): Region
    "All regions."
    regions: [Region!]
  }

  "A part of the country."
  type Region @key(fields: "key") {
    "Beginning of the Regionalschlüssel of all that lies in it: 05766 for Kreis Lippe."
    key: ID!
    name: String!
    "The towns in it. One that no other subgraph knows leaves a null there where its fields are asked for."
    municipalities: [Municipality]!
    "Who keeps these facts."
    keeper: String! @tag(name: "staff")
  }

  type Municipality @key(fields: "ars") {
    ars: String!
    "The district it lies in."
    region: Region!
    "Square kilometres, where known."
    area: Float
    "Villages and quarters with a name of their own, where known."
    localities: Int
  }
`)

const regions = [
  { key: '057', name: 'Regierungsbezirk Detmold' },
  { key: '05762', name: 'Kreis Höxter' },
  { key: '05766', name: 'Kreis Lippe' },
]

const municipalities = [
  { ars: '057620012012' },
  { ars: '057660016016', area: 99.1, localities: 19 },
]

const town = (ars) => municipalities.find((m) => m.ars === ars) ?? null

const resolvers = {
  Query: {
    region: (_, { key }) => regions.find((r) => r.key === key) ?? null,
    regions: () => regions,
  },
  Region: {
    __resolveReference: ({ key }) => regions.find((r) => r.key === key) ?? null,
    municipalities: ({ key }) => municipalities.filter((m) => m.ars.startsWith(key)),
    keeper: () => 'Statistics',
  },
  Municipality: {
    __resolveReference: ({ ars }) => town(ars),
    region: ({ ars }) => regions.find((r) => r.key === ars.slice(0, 5)),
  },
}

const server = new ApolloServer({ schema: buildSubgraphSchema({ typeDefs, resolvers }) })
const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: Number(process.env.PORT ?? 4001) } })
console.log(`ready at ${url}`)
