-- +goose Up
-- add column "calls" to table: "appointments"
ALTER TABLE `appointments` ADD COLUMN `calls` integer NOT NULL DEFAULT 0;
-- add column "file_key" to table: "closures"
ALTER TABLE `closures` ADD COLUMN `file_key` text NOT NULL DEFAULT '';
-- add column "removed_at" to table: "closures"
ALTER TABLE `closures` ADD COLUMN `removed_at` datetime NULL;
-- create "openings" table
CREATE TABLE `openings` (`id` text NOT NULL, `counter_id` text NOT NULL DEFAULT (''), `from_date` text NOT NULL, `to_date` text NOT NULL, `hours` json NOT NULL, `online` bool NOT NULL DEFAULT (true), `reason` json NULL, `source` text NOT NULL DEFAULT (''), `file_key` text NOT NULL DEFAULT (''), `removed_at` datetime NULL, `office_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `openings_offices_openings` FOREIGN KEY (`office_id`) REFERENCES `offices` (`id`) ON DELETE NO ACTION);
-- create index "opening_office_id_to_date" to table: "openings"
CREATE INDEX `opening_office_id_to_date` ON `openings` (`office_id`, `to_date`);

-- +goose Down
-- reverse: create index "opening_office_id_to_date" to table: "openings"
DROP INDEX `opening_office_id_to_date`;
-- reverse: create "openings" table
DROP TABLE `openings`;
-- reverse: add column "removed_at" to table: "closures"
ALTER TABLE `closures` DROP COLUMN `removed_at`;
-- reverse: add column "file_key" to table: "closures"
ALTER TABLE `closures` DROP COLUMN `file_key`;
-- reverse: add column "calls" to table: "appointments"
ALTER TABLE `appointments` DROP COLUMN `calls`;
