-- +goose Up
-- create "epochs" table
CREATE TABLE `epochs` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `name` text NOT NULL, `at` datetime NOT NULL);
-- create index "epochs_name_key" to table: "epochs"
CREATE UNIQUE INDEX `epochs_name_key` ON `epochs` (`name`);
-- create "unknown_payments" table
CREATE TABLE `unknown_payments` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `order_id` text NOT NULL, `transaction_id` text NOT NULL, `said` text NOT NULL, `cents` integer NOT NULL, `at` datetime NOT NULL);
-- create index "unknownpayment_order_id_transaction_id_said_cents" to table: "unknown_payments"
CREATE UNIQUE INDEX `unknownpayment_order_id_transaction_id_said_cents` ON `unknown_payments` (`order_id`, `transaction_id`, `said`, `cents`);

-- +goose Down
-- reverse: create index "unknownpayment_order_id_transaction_id_said_cents" to table: "unknown_payments"
DROP INDEX `unknownpayment_order_id_transaction_id_said_cents`;
-- reverse: create "unknown_payments" table
DROP TABLE `unknown_payments`;
-- reverse: create index "epochs_name_key" to table: "epochs"
DROP INDEX `epochs_name_key`;
-- reverse: create "epochs" table
DROP TABLE `epochs`;
