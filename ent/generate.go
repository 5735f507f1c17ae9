// Package ent is the database in Go. schema/ and template/ are written by hand; everything else here is generated.
package ent

//go:generate go tool ent generate --feature sql/upsert,sql/lock,sql/modifier,sql/execquery --template ./template ./schema
