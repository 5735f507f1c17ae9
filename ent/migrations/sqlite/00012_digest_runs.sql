-- +goose Up
-- create "digest_runs" table
CREATE TABLE `digest_runs` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `kind` text NOT NULL, `last` text NOT NULL, `towns` json NOT NULL, `at` datetime NOT NULL);
-- create index "digest_runs_kind_key" to table: "digest_runs"
CREATE UNIQUE INDEX `digest_runs_kind_key` ON `digest_runs` (`kind`);

-- +goose Down
-- reverse: create index "digest_runs_kind_key" to table: "digest_runs"
DROP INDEX `digest_runs_kind_key`;
-- reverse: create "digest_runs" table
DROP TABLE `digest_runs`;
