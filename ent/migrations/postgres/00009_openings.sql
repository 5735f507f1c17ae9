-- +goose Up
-- modify "appointments" table
ALTER TABLE "appointments" ADD COLUMN "calls" bigint NOT NULL DEFAULT 0;
-- modify "closures" table
ALTER TABLE "closures" ADD COLUMN "file_key" character varying NOT NULL DEFAULT '', ADD COLUMN "removed_at" timestamptz NULL;
-- create "openings" table
CREATE TABLE "openings" ("id" character varying NOT NULL, "counter_id" character varying NOT NULL DEFAULT '', "from_date" character varying NOT NULL, "to_date" character varying NOT NULL, "hours" jsonb NOT NULL, "online" boolean NOT NULL DEFAULT true, "reason" jsonb NULL, "source" character varying NOT NULL DEFAULT '', "file_key" character varying NOT NULL DEFAULT '', "removed_at" timestamptz NULL, "office_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "openings_offices_openings" FOREIGN KEY ("office_id") REFERENCES "offices" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "opening_office_id_to_date" to table: "openings"
CREATE INDEX "opening_office_id_to_date" ON "openings" ("office_id", "to_date");

-- +goose Down
-- reverse: create index "opening_office_id_to_date" to table: "openings"
DROP INDEX "opening_office_id_to_date";
-- reverse: create "openings" table
DROP TABLE "openings";
-- reverse: modify "closures" table
ALTER TABLE "closures" DROP COLUMN "removed_at", DROP COLUMN "file_key";
-- reverse: modify "appointments" table
ALTER TABLE "appointments" DROP COLUMN "calls";
