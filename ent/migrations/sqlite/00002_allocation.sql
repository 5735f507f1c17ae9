-- +goose Up
-- One row is one cell of five minutes at one counter, owned by one appointment; the primary key keeps it so.
-- held_until NULL: booked; otherwise microseconds since 1970, as everywhere.
CREATE TABLE allocation (
    counter integer NOT NULL,
    cell integer NOT NULL, -- unix seconds / 300
    appointment_id text NOT NULL,
    held_until datetime NULL,
    PRIMARY KEY (counter, cell)
) WITHOUT ROWID;
CREATE INDEX allocation_appointment_id ON allocation (appointment_id);

-- +goose Down
DROP TABLE allocation;
