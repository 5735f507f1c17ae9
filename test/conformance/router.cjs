// Run by jest before each file of the compatibility suite, which knows the gateway by a fixed port.
require('@apollo/federation-subgraph-compatibility-tests/dist/utils/client').ROUTER_URL = process.env.ROUTER_URL
