-- +goose Up
-- create "service_kinds" table
CREATE TABLE `service_kinds` (`slug` text NOT NULL, `leika_key` text NULL, `name` json NOT NULL, `synonyms` json NOT NULL, PRIMARY KEY (`slug`));

-- +goose Down
-- reverse: create "service_kinds" table
DROP TABLE `service_kinds`;
