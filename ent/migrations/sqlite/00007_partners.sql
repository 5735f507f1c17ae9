-- +goose Up
-- create "partners" table
CREATE TABLE `partners` (`id` text NOT NULL, `municipality_id` text NOT NULL, `name` text NOT NULL, `scopes` json NOT NULL, `status` text NOT NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- create index "partner_municipality_id_id" to table: "partners"
CREATE INDEX `partner_municipality_id_id` ON `partners` (`municipality_id`, `id`);
-- create "partner_keys" table
CREATE TABLE `partner_keys` (`id` text NOT NULL, `hash` text NOT NULL, `label` text NOT NULL, `created_at` datetime NOT NULL, `used_at` datetime NULL, `revoked_at` datetime NULL, `partner_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `partner_keys_partners_keys` FOREIGN KEY (`partner_id`) REFERENCES `partners` (`id`) ON DELETE NO ACTION);
-- create index "partner_keys_hash_key" to table: "partner_keys"
CREATE UNIQUE INDEX `partner_keys_hash_key` ON `partner_keys` (`hash`);
-- create index "partnerkey_partner_id" to table: "partner_keys"
CREATE INDEX `partnerkey_partner_id` ON `partner_keys` (`partner_id`);
-- create "webhook_deliveries" table
CREATE TABLE `webhook_deliveries` (`id` text NOT NULL, `changes` json NOT NULL, `position` integer NOT NULL, `status` text NOT NULL, `attempts` integer NOT NULL DEFAULT (0), `begun_at` datetime NULL, `next_at` datetime NULL, `tried_at` datetime NULL, `http_status` integer NOT NULL DEFAULT (0), `fault` text NOT NULL DEFAULT (''), `created_at` datetime NOT NULL, `ended_at` datetime NULL, `endpoint_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `webhook_deliveries_webhook_endpoints_deliveries` FOREIGN KEY (`endpoint_id`) REFERENCES `webhook_endpoints` (`id`) ON DELETE CASCADE, CONSTRAINT `delivered_has_no_fault` CHECK (status <> 'DELIVERED' OR fault = ''), CONSTRAINT `ended_has_an_end` CHECK ((status = 'PENDING') = (ended_at IS NULL)), CONSTRAINT `pending_is_tried_again` CHECK ((status = 'PENDING') = (next_at IS NOT NULL)));
-- create index "webhookdelivery_endpoint_id_id" to table: "webhook_deliveries"
CREATE INDEX `webhookdelivery_endpoint_id_id` ON `webhook_deliveries` (`endpoint_id`, `id`);
-- create index "webhookdelivery_endpoint_id_status_next_at" to table: "webhook_deliveries"
CREATE INDEX `webhookdelivery_endpoint_id_status_next_at` ON `webhook_deliveries` (`endpoint_id`, `status`, `next_at`);
-- create index "webhookdelivery_status_ended_at" to table: "webhook_deliveries"
CREATE INDEX `webhookdelivery_status_ended_at` ON `webhook_deliveries` (`status`, `ended_at`);
-- create "webhook_endpoints" table
CREATE TABLE `webhook_endpoints` (`id` text NOT NULL, `municipality_id` text NOT NULL, `url` text NOT NULL, `types` json NOT NULL, `secret` text NOT NULL, `former_secret` text NOT NULL DEFAULT (''), `former_secret_until` datetime NULL, `status` text NOT NULL, `position` integer NOT NULL, `busy_until` datetime NULL, `created_at` datetime NOT NULL, `partner_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `webhook_endpoints_partners_endpoints` FOREIGN KEY (`partner_id`) REFERENCES `partners` (`id`) ON DELETE NO ACTION, CONSTRAINT `former_secret_ends` CHECK ((former_secret <> '') = (former_secret_until IS NOT NULL)));
-- create index "webhookendpoint_partner_id" to table: "webhook_endpoints"
CREATE INDEX `webhookendpoint_partner_id` ON `webhook_endpoints` (`partner_id`);
-- create index "webhookendpoint_municipality_id_status" to table: "webhook_endpoints"
CREATE INDEX `webhookendpoint_municipality_id_status` ON `webhook_endpoints` (`municipality_id`, `status`);

-- +goose Down
-- reverse: create index "webhookendpoint_municipality_id_status" to table: "webhook_endpoints"
DROP INDEX `webhookendpoint_municipality_id_status`;
-- reverse: create index "webhookendpoint_partner_id" to table: "webhook_endpoints"
DROP INDEX `webhookendpoint_partner_id`;
-- reverse: create "webhook_endpoints" table
DROP TABLE `webhook_endpoints`;
-- reverse: create index "webhookdelivery_status_ended_at" to table: "webhook_deliveries"
DROP INDEX `webhookdelivery_status_ended_at`;
-- reverse: create index "webhookdelivery_endpoint_id_status_next_at" to table: "webhook_deliveries"
DROP INDEX `webhookdelivery_endpoint_id_status_next_at`;
-- reverse: create index "webhookdelivery_endpoint_id_id" to table: "webhook_deliveries"
DROP INDEX `webhookdelivery_endpoint_id_id`;
-- reverse: create "webhook_deliveries" table
DROP TABLE `webhook_deliveries`;
-- reverse: create index "partnerkey_partner_id" to table: "partner_keys"
DROP INDEX `partnerkey_partner_id`;
-- reverse: create index "partner_keys_hash_key" to table: "partner_keys"
DROP INDEX `partner_keys_hash_key`;
-- reverse: create "partner_keys" table
DROP TABLE `partner_keys`;
-- reverse: create index "partner_municipality_id_id" to table: "partners"
DROP INDEX `partner_municipality_id_id`;
-- reverse: create "partners" table
DROP TABLE `partners`;
