-- +goose Up
-- add column "answered_via" to table: "information_requests"
ALTER TABLE `information_requests` ADD COLUMN `answered_via` text NULL;
-- add column "withdrawn_at" to table: "information_requests"
ALTER TABLE `information_requests` ADD COLUMN `withdrawn_at` datetime NULL;
-- add column "refund_note" to table: "payments"
ALTER TABLE `payments` ADD COLUMN `refund_note` text NULL;
-- create "reopenings" table
CREATE TABLE `reopenings` (`id` text NOT NULL, `status` text NOT NULL, `decided_at` datetime NOT NULL, `rejection` text NOT NULL DEFAULT (''), `dispatch_method` text NOT NULL DEFAULT (''), `dispatched_on` text NOT NULL DEFAULT (''), `tracking_number` text NOT NULL DEFAULT (''), `reason` text NOT NULL, `reopened_at` datetime NOT NULL, `application_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `reopenings_applications_reopenings` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- create index "reopening_application_id" to table: "reopenings"
CREATE INDEX `reopening_application_id` ON `reopenings` (`application_id`);

-- +goose Down
-- reverse: create index "reopening_application_id" to table: "reopenings"
DROP INDEX `reopening_application_id`;
-- reverse: create "reopenings" table
DROP TABLE `reopenings`;
-- reverse: add column "refund_note" to table: "payments"
ALTER TABLE `payments` DROP COLUMN `refund_note`;
-- reverse: add column "withdrawn_at" to table: "information_requests"
ALTER TABLE `information_requests` DROP COLUMN `withdrawn_at`;
-- reverse: add column "answered_via" to table: "information_requests"
ALTER TABLE `information_requests` DROP COLUMN `answered_via`;
