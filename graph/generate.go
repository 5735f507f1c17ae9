package graph

//go:generate go run nelke/graph/bound/describe schema
//go:generate sh -c "cd .. && go tool gqlgen generate"
//go:generate go run nelke/cmd/nelke schema --out ../docs/schema.graphql
//go:generate go run nelke/cmd/nelke schema --api --out ../docs/api.graphql
