// Package data holds the towns' files, so that the program can import them by itself.
package data

import "embed"

// Blomberg is the path of Blomberg's file in Towns.
const Blomberg = "lippe/blomberg.yaml"

// Towns are the files as they stand in the repository: one YAML file per town, a folder beside it with its forms,
// notices, and the sample answers that its tests hold against the forms, and a folder of what towns share.
//
//go:embed lippe
var Towns embed.FS
