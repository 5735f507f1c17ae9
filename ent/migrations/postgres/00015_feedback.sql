-- +goose Up
-- create "feedback" table
CREATE TABLE "feedback" ("id" character varying NOT NULL, "municipality_id" character varying NOT NULL, "service_id" character varying NOT NULL DEFAULT '', "about" character varying NOT NULL, "step" character varying NOT NULL DEFAULT '', "satisfaction" bigint NULL, "message" text NULL, "at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- create index "feedback_at" to table: "feedback"
CREATE INDEX "feedback_at" ON "feedback" ("at");
-- create index "feedback_municipality_id_at" to table: "feedback"
CREATE INDEX "feedback_municipality_id_at" ON "feedback" ("municipality_id", "at");
-- create index "feedback_municipality_id_id" to table: "feedback"
CREATE INDEX "feedback_municipality_id_id" ON "feedback" ("municipality_id", "id");

-- +goose Down
-- reverse: create index "feedback_municipality_id_id" to table: "feedback"
DROP INDEX "feedback_municipality_id_id";
-- reverse: create index "feedback_municipality_id_at" to table: "feedback"
DROP INDEX "feedback_municipality_id_at";
-- reverse: create index "feedback_at" to table: "feedback"
DROP INDEX "feedback_at";
-- reverse: create "feedback" table
DROP TABLE "feedback";
