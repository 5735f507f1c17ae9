package web

//go:generate go tool -modfile=../tools/go.mod genqlient genqlient.yaml
//go:generate go tool -modfile=../tools/go.mod templ generate -path . -include-version=false
