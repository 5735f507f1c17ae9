-- +goose Up
-- what answers do to a fee belongs to the form that asks for them: drafts keep theirs
ALTER TABLE "forms" ADD COLUMN "fee_rules" jsonb NULL;
UPDATE "forms" SET "fee_rules" = (SELECT s."fee_rules" FROM "public_services" s WHERE s."id" = "forms"."service_id");
ALTER TABLE "public_services" DROP COLUMN "fee_rules";
-- modify "payments" table
ALTER TABLE "payments" ADD COLUMN "answers_revision" bigint NOT NULL DEFAULT 0, ADD COLUMN "purpose" character varying NOT NULL DEFAULT '', ADD COLUMN "swept_at" timestamptz NULL;
UPDATE "payments" SET "answers_revision" = (SELECT a."revision" FROM "applications" a WHERE a."id" = "payments"."application_id");

-- +goose Down
-- reverse: modify "payments" table
ALTER TABLE "payments" DROP COLUMN "swept_at", DROP COLUMN "purpose", DROP COLUMN "answers_revision";
-- reverse: the rules of the newest form are the service's
ALTER TABLE "public_services" ADD COLUMN "fee_rules" jsonb NULL;
UPDATE "public_services" SET "fee_rules" = (SELECT f."fee_rules" FROM "forms" f WHERE f."service_id" = "public_services"."id" ORDER BY f."version" DESC LIMIT 1);
ALTER TABLE "forms" DROP COLUMN "fee_rules";
