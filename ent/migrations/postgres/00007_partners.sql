-- +goose Up
-- create "partners" table
CREATE TABLE "partners" ("id" character varying NOT NULL, "municipality_id" character varying NOT NULL, "name" character varying NOT NULL, "scopes" jsonb NOT NULL, "status" character varying NOT NULL, "created_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- create index "partner_municipality_id_id" to table: "partners"
CREATE INDEX "partner_municipality_id_id" ON "partners" ("municipality_id", "id");
-- create "partner_keys" table
CREATE TABLE "partner_keys" ("id" character varying NOT NULL, "hash" character varying NOT NULL, "label" character varying NOT NULL, "created_at" timestamptz NOT NULL, "used_at" timestamptz NULL, "revoked_at" timestamptz NULL, "partner_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "partner_keys_partners_keys" FOREIGN KEY ("partner_id") REFERENCES "partners" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "partner_keys_hash_key" to table: "partner_keys"
CREATE UNIQUE INDEX "partner_keys_hash_key" ON "partner_keys" ("hash");
-- create index "partnerkey_partner_id" to table: "partner_keys"
CREATE INDEX "partnerkey_partner_id" ON "partner_keys" ("partner_id");
-- create "webhook_endpoints" table
CREATE TABLE "webhook_endpoints" ("id" character varying NOT NULL, "municipality_id" character varying NOT NULL, "url" character varying NOT NULL, "types" jsonb NOT NULL, "secret" character varying NOT NULL, "former_secret" character varying NOT NULL DEFAULT '', "former_secret_until" timestamptz NULL, "status" character varying NOT NULL, "position" bigint NOT NULL, "busy_until" timestamptz NULL, "created_at" timestamptz NOT NULL, "partner_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "webhook_endpoints_partners_endpoints" FOREIGN KEY ("partner_id") REFERENCES "partners" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "former_secret_ends" CHECK (((former_secret)::text <> ''::text) = (former_secret_until IS NOT NULL)));
-- create index "webhookendpoint_municipality_id_status" to table: "webhook_endpoints"
CREATE INDEX "webhookendpoint_municipality_id_status" ON "webhook_endpoints" ("municipality_id", "status");
-- create index "webhookendpoint_partner_id" to table: "webhook_endpoints"
CREATE INDEX "webhookendpoint_partner_id" ON "webhook_endpoints" ("partner_id");
-- create "webhook_deliveries" table
CREATE TABLE "webhook_deliveries" ("id" character varying NOT NULL, "changes" jsonb NOT NULL, "position" bigint NOT NULL, "status" character varying NOT NULL, "attempts" bigint NOT NULL DEFAULT 0, "begun_at" timestamptz NULL, "next_at" timestamptz NULL, "tried_at" timestamptz NULL, "http_status" bigint NOT NULL DEFAULT 0, "fault" character varying NOT NULL DEFAULT '', "created_at" timestamptz NOT NULL, "ended_at" timestamptz NULL, "endpoint_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "webhook_deliveries_webhook_endpoints_deliveries" FOREIGN KEY ("endpoint_id") REFERENCES "webhook_endpoints" ("id") ON UPDATE NO ACTION ON DELETE CASCADE, CONSTRAINT "delivered_has_no_fault" CHECK (((status)::text <> 'DELIVERED'::text) OR ((fault)::text = ''::text)), CONSTRAINT "ended_has_an_end" CHECK (((status)::text = 'PENDING'::text) = (ended_at IS NULL)), CONSTRAINT "pending_is_tried_again" CHECK (((status)::text = 'PENDING'::text) = (next_at IS NOT NULL)));
-- create index "webhookdelivery_endpoint_id_id" to table: "webhook_deliveries"
CREATE INDEX "webhookdelivery_endpoint_id_id" ON "webhook_deliveries" ("endpoint_id", "id");
-- create index "webhookdelivery_endpoint_id_status_next_at" to table: "webhook_deliveries"
CREATE INDEX "webhookdelivery_endpoint_id_status_next_at" ON "webhook_deliveries" ("endpoint_id", "status", "next_at");
-- create index "webhookdelivery_status_ended_at" to table: "webhook_deliveries"
CREATE INDEX "webhookdelivery_status_ended_at" ON "webhook_deliveries" ("status", "ended_at");

-- +goose Down
-- reverse: create index "webhookdelivery_status_ended_at" to table: "webhook_deliveries"
DROP INDEX "webhookdelivery_status_ended_at";
-- reverse: create index "webhookdelivery_endpoint_id_status_next_at" to table: "webhook_deliveries"
DROP INDEX "webhookdelivery_endpoint_id_status_next_at";
-- reverse: create index "webhookdelivery_endpoint_id_id" to table: "webhook_deliveries"
DROP INDEX "webhookdelivery_endpoint_id_id";
-- reverse: create "webhook_deliveries" table
DROP TABLE "webhook_deliveries";
-- reverse: create index "webhookendpoint_partner_id" to table: "webhook_endpoints"
DROP INDEX "webhookendpoint_partner_id";
-- reverse: create index "webhookendpoint_municipality_id_status" to table: "webhook_endpoints"
DROP INDEX "webhookendpoint_municipality_id_status";
-- reverse: create "webhook_endpoints" table
DROP TABLE "webhook_endpoints";
-- reverse: create index "partnerkey_partner_id" to table: "partner_keys"
DROP INDEX "partnerkey_partner_id";
-- reverse: create index "partner_keys_hash_key" to table: "partner_keys"
DROP INDEX "partner_keys_hash_key";
-- reverse: create "partner_keys" table
DROP TABLE "partner_keys";
-- reverse: create index "partner_municipality_id_id" to table: "partners"
DROP INDEX "partner_municipality_id_id";
-- reverse: create "partners" table
DROP TABLE "partners";
