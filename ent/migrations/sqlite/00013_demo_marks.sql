-- +goose Up
-- create "demo_marks" table
CREATE TABLE `demo_marks` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `name` text NOT NULL, `at` datetime NOT NULL);
-- create index "demo_marks_name_key" to table: "demo_marks"
CREATE UNIQUE INDEX `demo_marks_name_key` ON `demo_marks` (`name`);

-- +goose Down
-- reverse: create index "demo_marks_name_key" to table: "demo_marks"
DROP INDEX `demo_marks_name_key`;
-- reverse: create "demo_marks" table
DROP TABLE `demo_marks`;
