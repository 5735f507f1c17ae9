-- +goose Up
-- create "feedback" table
CREATE TABLE `feedback` (`id` text NOT NULL, `municipality_id` text NOT NULL, `service_id` text NOT NULL DEFAULT (''), `about` text NOT NULL, `step` text NOT NULL DEFAULT (''), `satisfaction` integer NULL, `message` text NULL, `at` datetime NOT NULL, PRIMARY KEY (`id`));
-- create index "feedback_municipality_id_id" to table: "feedback"
CREATE INDEX `feedback_municipality_id_id` ON `feedback` (`municipality_id`, `id`);
-- create index "feedback_municipality_id_at" to table: "feedback"
CREATE INDEX `feedback_municipality_id_at` ON `feedback` (`municipality_id`, `at`);
-- create index "feedback_at" to table: "feedback"
CREATE INDEX `feedback_at` ON `feedback` (`at`);

-- +goose Down
-- reverse: create index "feedback_at" to table: "feedback"
DROP INDEX `feedback_at`;
-- reverse: create index "feedback_municipality_id_at" to table: "feedback"
DROP INDEX `feedback_municipality_id_at`;
-- reverse: create index "feedback_municipality_id_id" to table: "feedback"
DROP INDEX `feedback_municipality_id_id`;
-- reverse: create "feedback" table
DROP TABLE `feedback`;
