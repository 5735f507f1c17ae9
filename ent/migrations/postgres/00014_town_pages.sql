-- +goose Up
-- modify "municipalities" table
ALTER TABLE "municipalities" ADD COLUMN "frequent" jsonb NULL, ADD COLUMN "banner_text" jsonb NULL, ADD COLUMN "banner_from" timestamptz NULL, ADD COLUMN "banner_to" timestamptz NULL;
-- modify "offices" table
ALTER TABLE "offices" ADD COLUMN "directions" jsonb NULL;
-- modify "public_services" table
ALTER TABLE "public_services" ADD COLUMN "authority" jsonb NULL;
-- modify "service_kinds" table
ALTER TABLE "service_kinds" ADD COLUMN "occasions" jsonb NULL;
-- create "occasions" table
CREATE TABLE "occasions" ("slug" character varying NOT NULL, "name" jsonb NOT NULL, "position" bigint NOT NULL DEFAULT 0, PRIMARY KEY ("slug"));
-- create "town_pages" table
CREATE TABLE "town_pages" ("id" character varying NOT NULL, "kind" character varying NOT NULL, "language" character varying NOT NULL, "title" character varying NOT NULL, "text" text NULL, "url" character varying NULL, "updated_on" character varying NOT NULL, "source" character varying NULL, "position" bigint NOT NULL DEFAULT 0, "municipality_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "town_pages_municipalities_pages" FOREIGN KEY ("municipality_id") REFERENCES "municipalities" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "townpage_municipality_id_kind_language" to table: "town_pages"
CREATE UNIQUE INDEX "townpage_municipality_id_kind_language" ON "town_pages" ("municipality_id", "kind", "language");

-- +goose Down
-- reverse: create index "townpage_municipality_id_kind_language" to table: "town_pages"
DROP INDEX "townpage_municipality_id_kind_language";
-- reverse: create "town_pages" table
DROP TABLE "town_pages";
-- reverse: create "occasions" table
DROP TABLE "occasions";
-- reverse: modify "service_kinds" table
ALTER TABLE "service_kinds" DROP COLUMN "occasions";
-- reverse: modify "public_services" table
ALTER TABLE "public_services" DROP COLUMN "authority";
-- reverse: modify "offices" table
ALTER TABLE "offices" DROP COLUMN "directions";
-- reverse: modify "municipalities" table
ALTER TABLE "municipalities" DROP COLUMN "banner_to", DROP COLUMN "banner_from", DROP COLUMN "banner_text", DROP COLUMN "frequent";
