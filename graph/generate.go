package graph

//go:generate go run nelke/graph/bound/describe schema
//go:generate sh -c "cd .. && go tool gqlgen generate"
//go:generate go run nelke/graph/print -out ../docs/schema.graphql
//go:generate go run nelke/graph/print -api -out ../docs/api.graphql
