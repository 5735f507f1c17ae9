-- +goose Up
-- modify "information_requests" table
ALTER TABLE "information_requests" ADD COLUMN "answered_via" character varying NULL, ADD COLUMN "withdrawn_at" timestamptz NULL;
-- modify "payments" table
ALTER TABLE "payments" ADD COLUMN "refund_note" character varying NULL;
-- create "reopenings" table
CREATE TABLE "reopenings" ("id" character varying NOT NULL, "status" character varying NOT NULL, "decided_at" timestamptz NOT NULL, "rejection" character varying NOT NULL DEFAULT '', "dispatch_method" character varying NOT NULL DEFAULT '', "dispatched_on" character varying NOT NULL DEFAULT '', "tracking_number" character varying NOT NULL DEFAULT '', "reason" character varying NOT NULL, "reopened_at" timestamptz NOT NULL, "application_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "reopenings_applications_reopenings" FOREIGN KEY ("application_id") REFERENCES "applications" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "reopening_application_id" to table: "reopenings"
CREATE INDEX "reopening_application_id" ON "reopenings" ("application_id");

-- +goose Down
-- reverse: create index "reopening_application_id" to table: "reopenings"
DROP INDEX "reopening_application_id";
-- reverse: create "reopenings" table
DROP TABLE "reopenings";
-- reverse: modify "payments" table
ALTER TABLE "payments" DROP COLUMN "refund_note";
-- reverse: modify "information_requests" table
ALTER TABLE "information_requests" DROP COLUMN "withdrawn_at", DROP COLUMN "answered_via";
