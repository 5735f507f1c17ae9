-- +goose Up
-- add column "frequent" to table: "municipalities"
ALTER TABLE `municipalities` ADD COLUMN `frequent` json NULL;
-- add column "banner_text" to table: "municipalities"
ALTER TABLE `municipalities` ADD COLUMN `banner_text` json NULL;
-- add column "banner_from" to table: "municipalities"
ALTER TABLE `municipalities` ADD COLUMN `banner_from` datetime NULL;
-- add column "banner_to" to table: "municipalities"
ALTER TABLE `municipalities` ADD COLUMN `banner_to` datetime NULL;
-- add column "directions" to table: "offices"
ALTER TABLE `offices` ADD COLUMN `directions` json NULL;
-- add column "authority" to table: "public_services"
ALTER TABLE `public_services` ADD COLUMN `authority` json NULL;
-- add column "occasions" to table: "service_kinds"
ALTER TABLE `service_kinds` ADD COLUMN `occasions` json NULL;
-- create "occasions" table
CREATE TABLE `occasions` (`slug` text NOT NULL, `name` json NOT NULL, `position` integer NOT NULL DEFAULT (0), PRIMARY KEY (`slug`));
-- create "town_pages" table
CREATE TABLE `town_pages` (`id` text NOT NULL, `kind` text NOT NULL, `language` text NOT NULL, `title` text NOT NULL, `text` text NULL, `url` text NULL, `updated_on` text NOT NULL, `source` text NULL, `position` integer NOT NULL DEFAULT (0), `municipality_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `town_pages_municipalities_pages` FOREIGN KEY (`municipality_id`) REFERENCES `municipalities` (`id`) ON DELETE NO ACTION);
-- create index "townpage_municipality_id_kind_language" to table: "town_pages"
CREATE UNIQUE INDEX `townpage_municipality_id_kind_language` ON `town_pages` (`municipality_id`, `kind`, `language`);

-- +goose Down
-- reverse: create index "townpage_municipality_id_kind_language" to table: "town_pages"
DROP INDEX `townpage_municipality_id_kind_language`;
-- reverse: create "town_pages" table
DROP TABLE `town_pages`;
-- reverse: create "occasions" table
DROP TABLE `occasions`;
-- reverse: add column "occasions" to table: "service_kinds"
ALTER TABLE `service_kinds` DROP COLUMN `occasions`;
-- reverse: add column "authority" to table: "public_services"
ALTER TABLE `public_services` DROP COLUMN `authority`;
-- reverse: add column "directions" to table: "offices"
ALTER TABLE `offices` DROP COLUMN `directions`;
-- reverse: add column "banner_to" to table: "municipalities"
ALTER TABLE `municipalities` DROP COLUMN `banner_to`;
-- reverse: add column "banner_from" to table: "municipalities"
ALTER TABLE `municipalities` DROP COLUMN `banner_from`;
-- reverse: add column "banner_text" to table: "municipalities"
ALTER TABLE `municipalities` DROP COLUMN `banner_text`;
-- reverse: add column "frequent" to table: "municipalities"
ALTER TABLE `municipalities` DROP COLUMN `frequent`;
