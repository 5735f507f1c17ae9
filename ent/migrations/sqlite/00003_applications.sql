-- +goose Up
-- add columns to table: "municipalities"
ALTER TABLE `municipalities` ADD COLUMN `processing_days` integer NOT NULL DEFAULT (14);
ALTER TABLE `municipalities` ADD COLUMN `payment_minutes` integer NOT NULL DEFAULT (30);
ALTER TABLE `municipalities` ADD COLUMN `grace_minutes` integer NOT NULL DEFAULT (1440);
ALTER TABLE `municipalities` ADD COLUMN `methods_set` bool NOT NULL DEFAULT (false);
-- add column "processing_days" to table: "public_services"
ALTER TABLE `public_services` ADD COLUMN `processing_days` integer NULL;
-- add column "source" to table: "closures"
ALTER TABLE `closures` ADD COLUMN `source` text NOT NULL DEFAULT ('');
-- add column "source" to table: "opening_rules"
ALTER TABLE `opening_rules` ADD COLUMN `source` text NOT NULL DEFAULT ('');
-- create "applications" table
CREATE TABLE `applications` (`id` text NOT NULL, `municipality_id` text NOT NULL, `service_id` text NOT NULL, `form_id` text NOT NULL, `reference` text NOT NULL, `status` text NOT NULL, `answers` text NOT NULL DEFAULT (''), `revision` integer NOT NULL DEFAULT (0), `reviewed_revision` integer NOT NULL DEFAULT (0), `information_hash` text NOT NULL DEFAULT (''), `information_at` datetime NULL, `notice_id` text NOT NULL DEFAULT (''), `notice_at` datetime NULL, `due_cents` integer NULL, `started_at` datetime NOT NULL, `edited_at` datetime NOT NULL, `expires_at` datetime NULL, `submitted_at` datetime NULL, `deadline` datetime NULL, `ended_at` datetime NULL, `clerk` text NOT NULL DEFAULT (''), `clerk_name` text NOT NULL DEFAULT (''), `rejection` text NOT NULL DEFAULT (''), `dispatch_method` text NOT NULL DEFAULT (''), `dispatched_on` text NOT NULL DEFAULT (''), `tracking_number` text NOT NULL DEFAULT (''), `case_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `applications_cases_applications` FOREIGN KEY (`case_id`) REFERENCES `cases` (`id`) ON DELETE NO ACTION, CONSTRAINT `draft_has_an_end` CHECK ((status = 'DRAFT') = (expires_at IS NOT NULL)), CONSTRAINT `submitted_is_whole` CHECK (submitted_at IS NULL OR (deadline IS NOT NULL AND due_cents IS NOT NULL AND notice_id <> '' AND answers <> '' AND reviewed_revision = revision)), CONSTRAINT `worked_on_has_a_clerk` CHECK (status NOT IN ('IN_PROGRESS', 'WAITING_FOR_APPLICANT', 'COMPLETED', 'REJECTED') OR clerk <> ''), CONSTRAINT `worked_on_is_submitted` CHECK (status IN ('DRAFT', 'EXPIRED', 'WITHDRAWN') OR submitted_at IS NOT NULL));
-- create index "applications_reference_key" to table: "applications"
CREATE UNIQUE INDEX `applications_reference_key` ON `applications` (`reference`);
-- create index "application_case_id" to table: "applications"
CREATE INDEX `application_case_id` ON `applications` (`case_id`);
-- create index "application_status_expires_at" to table: "applications"
CREATE INDEX `application_status_expires_at` ON `applications` (`status`, `expires_at`);
-- create index "application_municipality_id_status_deadline_id" to table: "applications"
CREATE INDEX `application_municipality_id_status_deadline_id` ON `applications` (`municipality_id`, `status`, `deadline`, `id`);
-- create index "application_municipality_id_service_id_status_deadline_id" to table: "applications"
CREATE INDEX `application_municipality_id_service_id_status_deadline_id` ON `applications` (`municipality_id`, `service_id`, `status`, `deadline`, `id`);
-- create index "application_municipality_id_clerk_status_deadline_id" to table: "applications"
CREATE INDEX `application_municipality_id_clerk_status_deadline_id` ON `applications` (`municipality_id`, `clerk`, `status`, `deadline`, `id`);
-- create index "application_municipality_id_service_id_clerk_status_deadline_id" to table: "applications"
CREATE INDEX `application_municipality_id_service_id_clerk_status_deadline_id` ON `applications` (`municipality_id`, `service_id`, `clerk`, `status`, `deadline`, `id`);
-- create "information_requests" table
CREATE TABLE `information_requests` (`id` text NOT NULL, `question` text NOT NULL, `asked_at` datetime NOT NULL, `answer` text NOT NULL DEFAULT (''), `corrections` text NOT NULL DEFAULT (''), `answered_at` datetime NULL, `application_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `information_requests_applications_requests` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- create index "informationrequest_application_id" to table: "information_requests"
CREATE INDEX `informationrequest_application_id` ON `information_requests` (`application_id`);
-- create "payments" table
CREATE TABLE `payments` (`id` text NOT NULL, `case_id` text NOT NULL, `municipality_id` text NOT NULL, `cents` integer NOT NULL, `currency` text NOT NULL DEFAULT ('EUR'), `method` text NOT NULL, `status` text NOT NULL, `transaction_id` text NOT NULL DEFAULT (''), `redirect_url` text NOT NULL DEFAULT (''), `return_url` text NOT NULL DEFAULT (''), `reference` text NOT NULL DEFAULT (''), `received_cents` integer NOT NULL DEFAULT (0), `refunded_cents` integer NOT NULL DEFAULT (0), `refund_reason` text NULL, `created_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `paid_at` datetime NULL, `ended_at` datetime NULL, `revision` integer NOT NULL DEFAULT (1), `application_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `payments_applications_payments` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION, CONSTRAINT `paid_is_the_amount` CHECK (status <> 'PAID' OR received_cents = cents), CONSTRAINT `pending_is_known` CHECK (status <> 'PENDING' OR (transaction_id <> '' AND redirect_url <> '')), CONSTRAINT `refund_has_a_reason` CHECK ((status IN ('REFUND_DUE', 'REFUNDED')) = (refund_reason IS NOT NULL)), CONSTRAINT `refund_is_of_money` CHECK (status NOT IN ('REFUND_DUE', 'REFUNDED') OR received_cents > 0), CONSTRAINT `refund_is_whole` CHECK (refunded_cents = CASE WHEN status = 'REFUNDED' THEN received_cents ELSE 0 END), CONSTRAINT `unpaid_has_no_money` CHECK (status IN ('PAID', 'REFUND_DUE', 'REFUNDED') OR received_cents = 0));
-- create index "payment_application_id" to table: "payments"
CREATE INDEX `payment_application_id` ON `payments` (`application_id`);
-- create index "payment_paid_once" to table: "payments"
CREATE UNIQUE INDEX `payment_paid_once` ON `payments` (`application_id`) WHERE status = 'PAID';
-- create index "payment_case_id" to table: "payments"
CREATE INDEX `payment_case_id` ON `payments` (`case_id`);
-- create index "payment_status_expires_at" to table: "payments"
CREATE INDEX `payment_status_expires_at` ON `payments` (`status`, `expires_at`);
-- create index "payment_municipality_id_status_id" to table: "payments"
CREATE INDEX `payment_municipality_id_status_id` ON `payments` (`municipality_id`, `status`, `id`);
-- create "payment_reports" table
CREATE TABLE `payment_reports` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `via` text NOT NULL, `transaction_id` text NOT NULL, `said` text NOT NULL, `cents` integer NOT NULL, `outcome` text NOT NULL, `at` datetime NOT NULL, `payment_id` text NOT NULL, CONSTRAINT `payment_reports_payments_reports` FOREIGN KEY (`payment_id`) REFERENCES `payments` (`id`) ON DELETE NO ACTION);
-- create index "paymentreport_payment_id_via_transaction_id_said_cents_outcome" to table: "payment_reports"
CREATE UNIQUE INDEX `paymentreport_payment_id_via_transaction_id_said_cents_outcome` ON `payment_reports` (`payment_id`, `via`, `transaction_id`, `said`, `cents`, `outcome`);
-- create "sandbox_transactions" table
CREATE TABLE `sandbox_transactions` (`id` text NOT NULL, `request_id` text NOT NULL, `cents` integer NOT NULL, `currency` text NOT NULL, `method` text NOT NULL, `purpose` text NOT NULL, `return_url` text NOT NULL, `notify_url` text NOT NULL, `reference` text NOT NULL DEFAULT (''), `status` text NOT NULL, `created_at` datetime NOT NULL, `changed_at` datetime NOT NULL, `notified_at` datetime NULL, `attempts` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- create index "sandbox_transactions_request_id_key" to table: "sandbox_transactions"
CREATE UNIQUE INDEX `sandbox_transactions_request_id_key` ON `sandbox_transactions` (`request_id`);
-- create index "sandboxtransaction_notified_at_changed_at" to table: "sandbox_transactions"
CREATE INDEX `sandboxtransaction_notified_at_changed_at` ON `sandbox_transactions` (`notified_at`, `changed_at`);

-- +goose Down
-- reverse: create index "sandboxtransaction_notified_at_changed_at" to table: "sandbox_transactions"
DROP INDEX `sandboxtransaction_notified_at_changed_at`;
-- reverse: create index "sandbox_transactions_request_id_key" to table: "sandbox_transactions"
DROP INDEX `sandbox_transactions_request_id_key`;
-- reverse: create "sandbox_transactions" table
DROP TABLE `sandbox_transactions`;
-- reverse: create index "paymentreport_payment_id_via_transaction_id_said_cents_outcome" to table: "payment_reports"
DROP INDEX `paymentreport_payment_id_via_transaction_id_said_cents_outcome`;
-- reverse: create "payment_reports" table
DROP TABLE `payment_reports`;
-- reverse: create index "payment_municipality_id_status_id" to table: "payments"
DROP INDEX `payment_municipality_id_status_id`;
-- reverse: create index "payment_status_expires_at" to table: "payments"
DROP INDEX `payment_status_expires_at`;
-- reverse: create index "payment_case_id" to table: "payments"
DROP INDEX `payment_case_id`;
-- reverse: create index "payment_paid_once" to table: "payments"
DROP INDEX `payment_paid_once`;
-- reverse: create index "payment_application_id" to table: "payments"
DROP INDEX `payment_application_id`;
-- reverse: create "payments" table
DROP TABLE `payments`;
-- reverse: create index "informationrequest_application_id" to table: "information_requests"
DROP INDEX `informationrequest_application_id`;
-- reverse: create "information_requests" table
DROP TABLE `information_requests`;
-- reverse: create index "application_municipality_id_service_id_clerk_status_deadline_id" to table: "applications"
DROP INDEX `application_municipality_id_service_id_clerk_status_deadline_id`;
-- reverse: create index "application_municipality_id_clerk_status_deadline_id" to table: "applications"
DROP INDEX `application_municipality_id_clerk_status_deadline_id`;
-- reverse: create index "application_municipality_id_service_id_status_deadline_id" to table: "applications"
DROP INDEX `application_municipality_id_service_id_status_deadline_id`;
-- reverse: create index "application_municipality_id_status_deadline_id" to table: "applications"
DROP INDEX `application_municipality_id_status_deadline_id`;
-- reverse: create index "application_status_expires_at" to table: "applications"
DROP INDEX `application_status_expires_at`;
-- reverse: create index "application_case_id" to table: "applications"
DROP INDEX `application_case_id`;
-- reverse: create index "applications_reference_key" to table: "applications"
DROP INDEX `applications_reference_key`;
-- reverse: create "applications" table
DROP TABLE `applications`;
-- reverse: add column "source" to table: "opening_rules"
ALTER TABLE `opening_rules` DROP COLUMN `source`;
-- reverse: add column "source" to table: "closures"
ALTER TABLE `closures` DROP COLUMN `source`;
-- reverse: add column "processing_days" to table: "public_services"
ALTER TABLE `public_services` DROP COLUMN `processing_days`;
-- reverse: add columns to table: "municipalities"
ALTER TABLE `municipalities` DROP COLUMN `methods_set`;
ALTER TABLE `municipalities` DROP COLUMN `grace_minutes`;
ALTER TABLE `municipalities` DROP COLUMN `payment_minutes`;
ALTER TABLE `municipalities` DROP COLUMN `processing_days`;
