-- +goose Up
-- create "appointments" table
CREATE TABLE `appointments` (`id` text NOT NULL, `municipality_id` text NOT NULL, `office_id` text NOT NULL, `counter_id` text NOT NULL, `counter_number` integer NOT NULL, `called_counter_id` text NOT NULL DEFAULT (''), `reference` text NOT NULL, `concerns` json NOT NULL, `starts_at` datetime NOT NULL, `ends_at` datetime NOT NULL, `day` text NOT NULL, `status` text NOT NULL, `held_until` datetime NULL, `extended` bool NOT NULL DEFAULT (false), `channel` text NOT NULL, `given_name` text NOT NULL DEFAULT (''), `family_name` text NOT NULL DEFAULT (''), `email` text NOT NULL DEFAULT (''), `phone` text NOT NULL DEFAULT (''), `reminder` bool NOT NULL DEFAULT (false), `language` text NOT NULL DEFAULT ('de'), `created_at` datetime NOT NULL, `booked_at` datetime NULL, `checked_in_at` datetime NULL, `called_at` datetime NULL, `ended_at` datetime NULL, `revision` integer NOT NULL DEFAULT (1), `case_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `appointments_cases_appointments` FOREIGN KEY (`case_id`) REFERENCES `cases` (`id`) ON DELETE NO ACTION, CONSTRAINT `booked_has_a_person` CHECK (status IN ('HELD', 'EXPIRED', 'CANCELED') OR family_name <> ''), CONSTRAINT `called_has_a_counter` CHECK (status <> 'CALLED' OR called_counter_id <> ''), CONSTRAINT `held_has_an_expiry` CHECK ((status = 'HELD') = (held_until IS NOT NULL)), CONSTRAINT `span_has_a_length` CHECK (ends_at > starts_at));
-- create index "appointments_reference_key" to table: "appointments"
CREATE UNIQUE INDEX `appointments_reference_key` ON `appointments` (`reference`);
-- create index "appointment_office_id_day_starts_at" to table: "appointments"
CREATE INDEX `appointment_office_id_day_starts_at` ON `appointments` (`office_id`, `day`, `starts_at`);
-- create index "appointment_case_id" to table: "appointments"
CREATE INDEX `appointment_case_id` ON `appointments` (`case_id`);
-- create index "appointment_status_held_until" to table: "appointments"
CREATE INDEX `appointment_status_held_until` ON `appointments` (`status`, `held_until`);
-- create "cases" table
CREATE TABLE `cases` (`id` text NOT NULL, `key_hash` text NULL, `language` text NOT NULL DEFAULT ('de'), `given_name` text NOT NULL DEFAULT (''), `family_name` text NOT NULL DEFAULT (''), `email` text NOT NULL DEFAULT (''), `phone` text NOT NULL DEFAULT (''), `street` text NOT NULL DEFAULT (''), `house_number` text NOT NULL DEFAULT (''), `postal_code` text NOT NULL DEFAULT (''), `city` text NOT NULL DEFAULT (''), `country` text NOT NULL DEFAULT (''), `notice_id` text NOT NULL DEFAULT (''), `notice_at` datetime NULL, `opened_at` datetime NOT NULL, `event_count` integer NOT NULL DEFAULT (0), `event_head` text NOT NULL DEFAULT (''), `municipality_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `cases_municipalities_cases` FOREIGN KEY (`municipality_id`) REFERENCES `municipalities` (`id`) ON DELETE NO ACTION);
-- create index "cases_key_hash_key" to table: "cases"
CREATE UNIQUE INDEX `cases_key_hash_key` ON `cases` (`key_hash`);
-- create "closures" table
CREATE TABLE `closures` (`id` text NOT NULL, `counter_id` text NOT NULL DEFAULT (''), `from_date` text NOT NULL, `to_date` text NOT NULL, `from_minute` integer NULL, `to_minute` integer NULL, `reason` json NULL, `office_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `closures_offices_closures` FOREIGN KEY (`office_id`) REFERENCES `offices` (`id`) ON DELETE NO ACTION);
-- create index "closure_office_id_to_date" to table: "closures"
CREATE INDEX `closure_office_id_to_date` ON `closures` (`office_id`, `to_date`);
-- create "counters" table
CREATE TABLE `counters` (`id` text NOT NULL, `slug` text NOT NULL, `label` json NOT NULL, `number` integer NOT NULL, `services` json NOT NULL, `active` bool NOT NULL DEFAULT (true), `position` integer NOT NULL DEFAULT (0), `office_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `counters_offices_counters` FOREIGN KEY (`office_id`) REFERENCES `offices` (`id`) ON DELETE NO ACTION);
-- create index "counters_number_key" to table: "counters"
CREATE UNIQUE INDEX `counters_number_key` ON `counters` (`number`);
-- create index "counter_office_id_slug" to table: "counters"
CREATE UNIQUE INDEX `counter_office_id_slug` ON `counters` (`office_id`, `slug`);
-- create "events" table
CREATE TABLE `events` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `stream` text NOT NULL, `seq` integer NOT NULL, `municipality_id` text NOT NULL, `at` datetime NOT NULL, `actor` text NOT NULL, `subject` text NOT NULL, `action` text NOT NULL, `before` text NOT NULL DEFAULT (''), `after` text NOT NULL DEFAULT (''), `salt` text NOT NULL DEFAULT (''), `digest` text NOT NULL, `previous` text NOT NULL, `hash` text NOT NULL);
-- create index "event_stream_seq" to table: "events"
CREATE UNIQUE INDEX `event_stream_seq` ON `events` (`stream`, `seq`);
-- create index "event_subject" to table: "events"
CREATE INDEX `event_subject` ON `events` (`subject`);
-- create "fees" table
CREATE TABLE `fees` (`id` text NOT NULL, `cents` integer NOT NULL, `further_copy_cents` integer NULL, `currency` text NOT NULL DEFAULT ('EUR'), `legal_basis` json NULL, `valid_from` text NOT NULL, `valid_to` text NOT NULL DEFAULT (''), `source` text NOT NULL DEFAULT (''), `service_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `fees_public_services_fees` FOREIGN KEY (`service_id`) REFERENCES `public_services` (`id`) ON DELETE NO ACTION);
-- create index "fee_service_id_valid_from" to table: "fees"
CREATE UNIQUE INDEX `fee_service_id_valid_from` ON `fees` (`service_id`, `valid_from`);
-- create "forms" table
CREATE TABLE `forms` (`id` text NOT NULL, `version` integer NOT NULL, `schema` json NOT NULL, `layout` json NULL, `sha256` text NOT NULL, `service_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `forms_public_services_forms` FOREIGN KEY (`service_id`) REFERENCES `public_services` (`id`) ON DELETE NO ACTION);
-- create index "form_service_id_version" to table: "forms"
CREATE UNIQUE INDEX `form_service_id_version` ON `forms` (`service_id`, `version`);
-- create "head_digests" table
CREATE TABLE `head_digests` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `municipality_id` text NOT NULL, `at` datetime NOT NULL, `streams` integer NOT NULL, `events` integer NOT NULL, `digest` text NOT NULL);
-- create index "headdigest_municipality_id_at" to table: "head_digests"
CREATE UNIQUE INDEX `headdigest_municipality_id_at` ON `head_digests` (`municipality_id`, `at`);
-- create "idempotencies" table
CREATE TABLE `idempotencies` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `scope` text NOT NULL, `key` text NOT NULL, `input_hash` text NOT NULL, `outcome` text NOT NULL DEFAULT (''), `at` datetime NOT NULL);
-- create index "idempotency_scope_key" to table: "idempotencies"
CREATE UNIQUE INDEX `idempotency_scope_key` ON `idempotencies` (`scope`, `key`);
-- create index "idempotency_at" to table: "idempotencies"
CREATE INDEX `idempotency_at` ON `idempotencies` (`at`);
-- create "municipalities" table
CREATE TABLE `municipalities` (`id` text NOT NULL, `slug` text NOT NULL, `ars` text NOT NULL, `ags` text NOT NULL, `name` text NOT NULL, `time_zone` text NOT NULL, `website` text NULL, `holidays` text NULL, `enforce_trust` bool NOT NULL DEFAULT (false), `assumed` json NULL, `import_hash` text NULL, `event_count` integer NOT NULL DEFAULT (0), `event_head` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- create index "municipalities_slug_key" to table: "municipalities"
CREATE UNIQUE INDEX `municipalities_slug_key` ON `municipalities` (`slug`);
-- create index "municipalities_ars_key" to table: "municipalities"
CREATE UNIQUE INDEX `municipalities_ars_key` ON `municipalities` (`ars`);
-- create "notices" table
CREATE TABLE `notices` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `subject` text NOT NULL, `kind` text NOT NULL, `key` text NOT NULL, `at` datetime NOT NULL);
-- create index "notices_key_key" to table: "notices"
CREATE UNIQUE INDEX `notices_key_key` ON `notices` (`key`);
-- create index "notice_subject" to table: "notices"
CREATE INDEX `notice_subject` ON `notices` (`subject`);
-- create "offices" table
CREATE TABLE `offices` (`id` text NOT NULL, `slug` text NOT NULL, `name` json NOT NULL, `street` text NOT NULL, `house_number` text NOT NULL, `postal_code` text NOT NULL, `city` text NOT NULL, `phone` text NULL, `email` text NULL, `time_zone` text NOT NULL, `holidays` text NULL, `step_minutes` integer NOT NULL, `lead_minutes` integer NOT NULL, `horizon_days` integer NOT NULL, `hold_minutes` integer NOT NULL, `holds_per_case` integer NOT NULL, `active` bool NOT NULL DEFAULT (true), `position` integer NOT NULL DEFAULT (0), `assumed` json NULL, `revision` integer NOT NULL DEFAULT (1), `municipality_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `offices_municipalities_offices` FOREIGN KEY (`municipality_id`) REFERENCES `municipalities` (`id`) ON DELETE NO ACTION);
-- create index "office_municipality_id_slug" to table: "offices"
CREATE UNIQUE INDEX `office_municipality_id_slug` ON `offices` (`municipality_id`, `slug`);
-- create "opening_rules" table
CREATE TABLE `opening_rules` (`id` text NOT NULL, `counter_id` text NOT NULL DEFAULT (''), `kind` text NOT NULL, `weekday` integer NOT NULL, `from_minute` integer NOT NULL, `to_minute` integer NOT NULL, `valid_from` text NOT NULL DEFAULT (''), `valid_to` text NOT NULL DEFAULT (''), `office_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `opening_rules_offices_opening_rules` FOREIGN KEY (`office_id`) REFERENCES `offices` (`id`) ON DELETE NO ACTION);
-- create index "openingrule_office_id" to table: "opening_rules"
CREATE INDEX `openingrule_office_id` ON `opening_rules` (`office_id`);
-- create "payment_options" table
CREATE TABLE `payment_options` (`id` text NOT NULL, `method` text NOT NULL, `enabled` bool NOT NULL, `valid_from` text NOT NULL DEFAULT (''), `valid_to` text NOT NULL DEFAULT (''), `position` integer NOT NULL DEFAULT (0), `municipality_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `payment_options_municipalities_payment_options` FOREIGN KEY (`municipality_id`) REFERENCES `municipalities` (`id`) ON DELETE NO ACTION);
-- create index "paymentoption_municipality_id_method_valid_from" to table: "payment_options"
CREATE UNIQUE INDEX `paymentoption_municipality_id_method_valid_from` ON `payment_options` (`municipality_id`, `method`, `valid_from`);
-- create "privacy_notices" table
CREATE TABLE `privacy_notices` (`id` text NOT NULL, `version` integer NOT NULL, `language` text NOT NULL, `text` text NOT NULL, `sha256` text NOT NULL, `valid_from` text NOT NULL, `municipality_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `privacy_notices_municipalities_notices` FOREIGN KEY (`municipality_id`) REFERENCES `municipalities` (`id`) ON DELETE NO ACTION);
-- create index "privacynotice_municipality_id_version_language" to table: "privacy_notices"
CREATE UNIQUE INDEX `privacynotice_municipality_id_version_language` ON `privacy_notices` (`municipality_id`, `version`, `language`);
-- create "public_services" table
CREATE TABLE `public_services` (`id` text NOT NULL, `slug` text NOT NULL, `kind` text NOT NULL, `leika_key` text NULL, `name` json NOT NULL, `summary` json NOT NULL, `information` json NULL, `documents` json NULL, `links` json NULL, `synonyms` json NULL, `channels` json NOT NULL, `appointment_minutes` integer NULL, `max_quantity` integer NOT NULL DEFAULT (1), `combinable` bool NOT NULL DEFAULT (true), `delivery` text NOT NULL, `trust` text NOT NULL, `fee_rules` json NULL, `closed` bool NOT NULL DEFAULT (false), `opens_at` datetime NULL, `closes_at` datetime NULL, `state_message` json NULL, `state_set` bool NOT NULL DEFAULT (false), `active` bool NOT NULL DEFAULT (true), `position` integer NOT NULL DEFAULT (0), `assumed` json NULL, `revision` integer NOT NULL DEFAULT (1), `municipality_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `public_services_municipalities_services` FOREIGN KEY (`municipality_id`) REFERENCES `municipalities` (`id`) ON DELETE NO ACTION);
-- create index "publicservice_municipality_id_slug" to table: "public_services"
CREATE UNIQUE INDEX `publicservice_municipality_id_slug` ON `public_services` (`municipality_id`, `slug`);
-- create index "publicservice_leika_key" to table: "public_services"
CREATE INDEX `publicservice_leika_key` ON `public_services` (`leika_key`);

-- +goose Down
-- reverse: create index "publicservice_leika_key" to table: "public_services"
DROP INDEX `publicservice_leika_key`;
-- reverse: create index "publicservice_municipality_id_slug" to table: "public_services"
DROP INDEX `publicservice_municipality_id_slug`;
-- reverse: create "public_services" table
DROP TABLE `public_services`;
-- reverse: create index "privacynotice_municipality_id_version_language" to table: "privacy_notices"
DROP INDEX `privacynotice_municipality_id_version_language`;
-- reverse: create "privacy_notices" table
DROP TABLE `privacy_notices`;
-- reverse: create index "paymentoption_municipality_id_method_valid_from" to table: "payment_options"
DROP INDEX `paymentoption_municipality_id_method_valid_from`;
-- reverse: create "payment_options" table
DROP TABLE `payment_options`;
-- reverse: create index "openingrule_office_id" to table: "opening_rules"
DROP INDEX `openingrule_office_id`;
-- reverse: create "opening_rules" table
DROP TABLE `opening_rules`;
-- reverse: create index "office_municipality_id_slug" to table: "offices"
DROP INDEX `office_municipality_id_slug`;
-- reverse: create "offices" table
DROP TABLE `offices`;
-- reverse: create index "notice_subject" to table: "notices"
DROP INDEX `notice_subject`;
-- reverse: create index "notices_key_key" to table: "notices"
DROP INDEX `notices_key_key`;
-- reverse: create "notices" table
DROP TABLE `notices`;
-- reverse: create index "municipalities_ars_key" to table: "municipalities"
DROP INDEX `municipalities_ars_key`;
-- reverse: create index "municipalities_slug_key" to table: "municipalities"
DROP INDEX `municipalities_slug_key`;
-- reverse: create "municipalities" table
DROP TABLE `municipalities`;
-- reverse: create index "idempotency_at" to table: "idempotencies"
DROP INDEX `idempotency_at`;
-- reverse: create index "idempotency_scope_key" to table: "idempotencies"
DROP INDEX `idempotency_scope_key`;
-- reverse: create "idempotencies" table
DROP TABLE `idempotencies`;
-- reverse: create index "headdigest_municipality_id_at" to table: "head_digests"
DROP INDEX `headdigest_municipality_id_at`;
-- reverse: create "head_digests" table
DROP TABLE `head_digests`;
-- reverse: create index "form_service_id_version" to table: "forms"
DROP INDEX `form_service_id_version`;
-- reverse: create "forms" table
DROP TABLE `forms`;
-- reverse: create index "fee_service_id_valid_from" to table: "fees"
DROP INDEX `fee_service_id_valid_from`;
-- reverse: create "fees" table
DROP TABLE `fees`;
-- reverse: create index "event_subject" to table: "events"
DROP INDEX `event_subject`;
-- reverse: create index "event_stream_seq" to table: "events"
DROP INDEX `event_stream_seq`;
-- reverse: create "events" table
DROP TABLE `events`;
-- reverse: create index "counter_office_id_slug" to table: "counters"
DROP INDEX `counter_office_id_slug`;
-- reverse: create index "counters_number_key" to table: "counters"
DROP INDEX `counters_number_key`;
-- reverse: create "counters" table
DROP TABLE `counters`;
-- reverse: create index "closure_office_id_to_date" to table: "closures"
DROP INDEX `closure_office_id_to_date`;
-- reverse: create "closures" table
DROP TABLE `closures`;
-- reverse: create index "cases_key_hash_key" to table: "cases"
DROP INDEX `cases_key_hash_key`;
-- reverse: create "cases" table
DROP TABLE `cases`;
-- reverse: create index "appointment_status_held_until" to table: "appointments"
DROP INDEX `appointment_status_held_until`;
-- reverse: create index "appointment_case_id" to table: "appointments"
DROP INDEX `appointment_case_id`;
-- reverse: create index "appointment_office_id_day_starts_at" to table: "appointments"
DROP INDEX `appointment_office_id_day_starts_at`;
-- reverse: create index "appointments_reference_key" to table: "appointments"
DROP INDEX `appointments_reference_key`;
-- reverse: create "appointments" table
DROP TABLE `appointments`;
