-- +goose Up
-- create "changes" table
CREATE TABLE `changes` (`id` text NOT NULL, `municipality_id` text NOT NULL, `position` integer NOT NULL, `at` datetime NOT NULL, `digest` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- create index "change_position" to table: "changes"
CREATE UNIQUE INDEX `change_position` ON `changes` (`position`);
-- what is there already stands at the beginning of the feed
INSERT INTO changes (id, municipality_id, position, at) SELECT id, town, row_number() OVER (ORDER BY id), CAST(strftime('%s', 'now') AS integer) * 1000000 FROM (
  SELECT id, id AS town FROM municipalities UNION ALL SELECT id, municipality_id FROM offices UNION ALL SELECT id, municipality_id FROM public_services) AS things;

-- +goose Down
-- reverse: create index "change_position" to table: "changes"
DROP INDEX `change_position`;
-- reverse: create "changes" table
DROP TABLE `changes`;
