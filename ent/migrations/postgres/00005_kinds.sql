-- +goose Up
-- create "service_kinds" table
CREATE TABLE "service_kinds" ("slug" character varying NOT NULL, "leika_key" character varying NULL, "name" jsonb NOT NULL, "synonyms" jsonb NOT NULL, PRIMARY KEY ("slug"));

-- +goose Down
-- reverse: create "service_kinds" table
DROP TABLE "service_kinds";
