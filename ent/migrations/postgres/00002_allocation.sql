-- +goose Up
-- One row is one cell of five minutes at one counter, owned by one appointment; the primary key keeps it so.
-- held_until NULL: booked. No foreign keys: the locks they take on the same few rows would queue every booking.
-- Room is left in each page, since a takeover and a booking change the row in place.
CREATE TABLE allocation (
    counter bigint NOT NULL,
    cell bigint NOT NULL, -- unix seconds / 300
    appointment_id text NOT NULL,
    held_until timestamptz NULL,
    PRIMARY KEY (counter, cell)
) WITH (fillfactor = 70);
CREATE INDEX allocation_appointment_id ON allocation (appointment_id);

-- +goose Down
DROP TABLE allocation;
