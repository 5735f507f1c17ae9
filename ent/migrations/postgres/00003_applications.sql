-- +goose Up
-- modify "municipalities" table
ALTER TABLE "municipalities" ADD COLUMN "processing_days" bigint NOT NULL DEFAULT 14, ADD COLUMN "payment_minutes" bigint NOT NULL DEFAULT 30, ADD COLUMN "grace_minutes" bigint NOT NULL DEFAULT 1440, ADD COLUMN "methods_set" boolean NOT NULL DEFAULT false;
-- modify "public_services" table
ALTER TABLE "public_services" ADD COLUMN "processing_days" bigint NULL;
-- modify "closures" table
ALTER TABLE "closures" ADD COLUMN "source" character varying NOT NULL DEFAULT '';
-- modify "opening_rules" table
ALTER TABLE "opening_rules" ADD COLUMN "source" character varying NOT NULL DEFAULT '';
-- create "sandbox_transactions" table
CREATE TABLE "sandbox_transactions" ("id" character varying NOT NULL, "request_id" character varying NOT NULL, "cents" bigint NOT NULL, "currency" character varying NOT NULL, "method" character varying NOT NULL, "purpose" character varying NOT NULL, "return_url" character varying NOT NULL, "notify_url" character varying NOT NULL, "reference" character varying NOT NULL DEFAULT '', "status" character varying NOT NULL, "created_at" timestamptz NOT NULL, "changed_at" timestamptz NOT NULL, "notified_at" timestamptz NULL, "attempts" bigint NOT NULL DEFAULT 0, PRIMARY KEY ("id"));
-- create index "sandbox_transactions_request_id_key" to table: "sandbox_transactions"
CREATE UNIQUE INDEX "sandbox_transactions_request_id_key" ON "sandbox_transactions" ("request_id");
-- create index "sandboxtransaction_notified_at_changed_at" to table: "sandbox_transactions"
CREATE INDEX "sandboxtransaction_notified_at_changed_at" ON "sandbox_transactions" ("notified_at", "changed_at");
-- create "applications" table
CREATE TABLE "applications" ("id" character varying NOT NULL, "municipality_id" character varying NOT NULL, "service_id" character varying NOT NULL, "form_id" character varying NOT NULL, "reference" character varying NOT NULL, "status" character varying NOT NULL, "answers" text NOT NULL DEFAULT '', "revision" bigint NOT NULL DEFAULT 0, "reviewed_revision" bigint NOT NULL DEFAULT 0, "information_hash" character varying NOT NULL DEFAULT '', "information_at" timestamptz NULL, "notice_id" character varying NOT NULL DEFAULT '', "notice_at" timestamptz NULL, "due_cents" bigint NULL, "started_at" timestamptz NOT NULL, "edited_at" timestamptz NOT NULL, "expires_at" timestamptz NULL, "submitted_at" timestamptz NULL, "deadline" timestamptz NULL, "ended_at" timestamptz NULL, "clerk" character varying NOT NULL DEFAULT '', "clerk_name" character varying NOT NULL DEFAULT '', "rejection" character varying NOT NULL DEFAULT '', "dispatch_method" character varying NOT NULL DEFAULT '', "dispatched_on" character varying NOT NULL DEFAULT '', "tracking_number" character varying NOT NULL DEFAULT '', "case_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "applications_cases_applications" FOREIGN KEY ("case_id") REFERENCES "cases" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "draft_has_an_end" CHECK (((status)::text = 'DRAFT'::text) = (expires_at IS NOT NULL)), CONSTRAINT "submitted_is_whole" CHECK ((submitted_at IS NULL) OR ((deadline IS NOT NULL) AND (due_cents IS NOT NULL) AND ((notice_id)::text <> ''::text) AND (answers <> ''::text) AND (reviewed_revision = revision))), CONSTRAINT "worked_on_has_a_clerk" CHECK (((status)::text <> ALL ((ARRAY['IN_PROGRESS'::character varying, 'WAITING_FOR_APPLICANT'::character varying, 'COMPLETED'::character varying, 'REJECTED'::character varying])::text[])) OR ((clerk)::text <> ''::text)), CONSTRAINT "worked_on_is_submitted" CHECK (((status)::text = ANY ((ARRAY['DRAFT'::character varying, 'EXPIRED'::character varying, 'WITHDRAWN'::character varying])::text[])) OR (submitted_at IS NOT NULL)));
-- create index "application_case_id" to table: "applications"
CREATE INDEX "application_case_id" ON "applications" ("case_id");
-- create index "application_municipality_id_clerk_status_deadline_id" to table: "applications"
CREATE INDEX "application_municipality_id_clerk_status_deadline_id" ON "applications" ("municipality_id", "clerk", "status", "deadline", "id");
-- create index "application_municipality_id_service_id_clerk_status_deadline_id" to table: "applications"
CREATE INDEX "application_municipality_id_service_id_clerk_status_deadline_id" ON "applications" ("municipality_id", "service_id", "clerk", "status", "deadline", "id");
-- create index "application_municipality_id_service_id_status_deadline_id" to table: "applications"
CREATE INDEX "application_municipality_id_service_id_status_deadline_id" ON "applications" ("municipality_id", "service_id", "status", "deadline", "id");
-- create index "application_municipality_id_status_deadline_id" to table: "applications"
CREATE INDEX "application_municipality_id_status_deadline_id" ON "applications" ("municipality_id", "status", "deadline", "id");
-- create index "application_status_expires_at" to table: "applications"
CREATE INDEX "application_status_expires_at" ON "applications" ("status", "expires_at");
-- create index "applications_reference_key" to table: "applications"
CREATE UNIQUE INDEX "applications_reference_key" ON "applications" ("reference");
-- create "information_requests" table
CREATE TABLE "information_requests" ("id" character varying NOT NULL, "question" character varying NOT NULL, "asked_at" timestamptz NOT NULL, "answer" character varying NOT NULL DEFAULT '', "corrections" text NOT NULL DEFAULT '', "answered_at" timestamptz NULL, "application_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "information_requests_applications_requests" FOREIGN KEY ("application_id") REFERENCES "applications" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "informationrequest_application_id" to table: "information_requests"
CREATE INDEX "informationrequest_application_id" ON "information_requests" ("application_id");
-- create "payments" table
CREATE TABLE "payments" ("id" character varying NOT NULL, "case_id" character varying NOT NULL, "municipality_id" character varying NOT NULL, "cents" bigint NOT NULL, "currency" character varying NOT NULL DEFAULT 'EUR', "method" character varying NOT NULL, "status" character varying NOT NULL, "transaction_id" character varying NOT NULL DEFAULT '', "redirect_url" character varying NOT NULL DEFAULT '', "return_url" character varying NOT NULL DEFAULT '', "reference" character varying NOT NULL DEFAULT '', "received_cents" bigint NOT NULL DEFAULT 0, "refunded_cents" bigint NOT NULL DEFAULT 0, "refund_reason" character varying NULL, "created_at" timestamptz NOT NULL, "expires_at" timestamptz NOT NULL, "paid_at" timestamptz NULL, "ended_at" timestamptz NULL, "revision" bigint NOT NULL DEFAULT 1, "application_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "payments_applications_payments" FOREIGN KEY ("application_id") REFERENCES "applications" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "paid_is_the_amount" CHECK (((status)::text <> 'PAID'::text) OR (received_cents = cents)), CONSTRAINT "pending_is_known" CHECK (((status)::text <> 'PENDING'::text) OR (((transaction_id)::text <> ''::text) AND ((redirect_url)::text <> ''::text))), CONSTRAINT "refund_has_a_reason" CHECK (((status)::text = ANY ((ARRAY['REFUND_DUE'::character varying, 'REFUNDED'::character varying])::text[])) = (refund_reason IS NOT NULL)), CONSTRAINT "refund_is_of_money" CHECK (((status)::text <> ALL ((ARRAY['REFUND_DUE'::character varying, 'REFUNDED'::character varying])::text[])) OR (received_cents > 0)), CONSTRAINT "refund_is_whole" CHECK (refunded_cents =
CASE
    WHEN ((status)::text = 'REFUNDED'::text) THEN received_cents
    ELSE (0)::bigint
END), CONSTRAINT "unpaid_has_no_money" CHECK (((status)::text = ANY ((ARRAY['PAID'::character varying, 'REFUND_DUE'::character varying, 'REFUNDED'::character varying])::text[])) OR (received_cents = 0)));
-- create index "payment_application_id" to table: "payments"
CREATE INDEX "payment_application_id" ON "payments" ("application_id");
-- create index "payment_case_id" to table: "payments"
CREATE INDEX "payment_case_id" ON "payments" ("case_id");
-- create index "payment_municipality_id_status_id" to table: "payments"
CREATE INDEX "payment_municipality_id_status_id" ON "payments" ("municipality_id", "status", "id");
-- create index "payment_paid_once" to table: "payments"
CREATE UNIQUE INDEX "payment_paid_once" ON "payments" ("application_id") WHERE ((status)::text = 'PAID'::text);
-- create index "payment_status_expires_at" to table: "payments"
CREATE INDEX "payment_status_expires_at" ON "payments" ("status", "expires_at");
-- create "payment_reports" table
CREATE TABLE "payment_reports" ("id" bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY, "via" character varying NOT NULL, "transaction_id" character varying NOT NULL, "said" character varying NOT NULL, "cents" bigint NOT NULL, "outcome" character varying NOT NULL, "at" timestamptz NOT NULL, "payment_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "payment_reports_payments_reports" FOREIGN KEY ("payment_id") REFERENCES "payments" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "paymentreport_payment_id_via_transaction_id_said_cents_outcome" to table: "payment_reports"
CREATE UNIQUE INDEX "paymentreport_payment_id_via_transaction_id_said_cents_outcome" ON "payment_reports" ("payment_id", "via", "transaction_id", "said", "cents", "outcome");

-- +goose Down
-- reverse: create index "paymentreport_payment_id_via_transaction_id_said_cents_outcome" to table: "payment_reports"
DROP INDEX "paymentreport_payment_id_via_transaction_id_said_cents_outcome";
-- reverse: create "payment_reports" table
DROP TABLE "payment_reports";
-- reverse: create index "payment_status_expires_at" to table: "payments"
DROP INDEX "payment_status_expires_at";
-- reverse: create index "payment_paid_once" to table: "payments"
DROP INDEX "payment_paid_once";
-- reverse: create index "payment_municipality_id_status_id" to table: "payments"
DROP INDEX "payment_municipality_id_status_id";
-- reverse: create index "payment_case_id" to table: "payments"
DROP INDEX "payment_case_id";
-- reverse: create index "payment_application_id" to table: "payments"
DROP INDEX "payment_application_id";
-- reverse: create "payments" table
DROP TABLE "payments";
-- reverse: create index "informationrequest_application_id" to table: "information_requests"
DROP INDEX "informationrequest_application_id";
-- reverse: create "information_requests" table
DROP TABLE "information_requests";
-- reverse: create index "applications_reference_key" to table: "applications"
DROP INDEX "applications_reference_key";
-- reverse: create index "application_status_expires_at" to table: "applications"
DROP INDEX "application_status_expires_at";
-- reverse: create index "application_municipality_id_status_deadline_id" to table: "applications"
DROP INDEX "application_municipality_id_status_deadline_id";
-- reverse: create index "application_municipality_id_service_id_status_deadline_id" to table: "applications"
DROP INDEX "application_municipality_id_service_id_status_deadline_id";
-- reverse: create index "application_municipality_id_service_id_clerk_status_deadline_id" to table: "applications"
DROP INDEX "application_municipality_id_service_id_clerk_status_deadline_id";
-- reverse: create index "application_municipality_id_clerk_status_deadline_id" to table: "applications"
DROP INDEX "application_municipality_id_clerk_status_deadline_id";
-- reverse: create index "application_case_id" to table: "applications"
DROP INDEX "application_case_id";
-- reverse: create "applications" table
DROP TABLE "applications";
-- reverse: create index "sandboxtransaction_notified_at_changed_at" to table: "sandbox_transactions"
DROP INDEX "sandboxtransaction_notified_at_changed_at";
-- reverse: create index "sandbox_transactions_request_id_key" to table: "sandbox_transactions"
DROP INDEX "sandbox_transactions_request_id_key";
-- reverse: create "sandbox_transactions" table
DROP TABLE "sandbox_transactions";
-- reverse: modify "opening_rules" table
ALTER TABLE "opening_rules" DROP COLUMN "source";
-- reverse: modify "closures" table
ALTER TABLE "closures" DROP COLUMN "source";
-- reverse: modify "public_services" table
ALTER TABLE "public_services" DROP COLUMN "processing_days";
-- reverse: modify "municipalities" table
ALTER TABLE "municipalities" DROP COLUMN "methods_set", DROP COLUMN "grace_minutes", DROP COLUMN "payment_minutes", DROP COLUMN "processing_days";
