-- +goose Up
-- create "visit_counts" table
CREATE TABLE `visit_counts` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `municipality_id` text NOT NULL, `month` text NOT NULL, `service_id` text NOT NULL DEFAULT (''), `page` text NOT NULL, `views` integer NOT NULL, `visits` integer NOT NULL);
-- create index "visitcount_municipality_id_month_service_id_page" to table: "visit_counts"
CREATE UNIQUE INDEX `visitcount_municipality_id_month_service_id_page` ON `visit_counts` (`municipality_id`, `month`, `service_id`, `page`);

-- +goose Down
-- reverse: create index "visitcount_municipality_id_month_service_id_page" to table: "visit_counts"
DROP INDEX `visitcount_municipality_id_month_service_id_page`;
-- reverse: create "visit_counts" table
DROP TABLE `visit_counts`;
