-- +goose Up
-- Words of names by which staff find things, each in its normal form. Only whole words are looked for, so a keyed hash can
-- take a word's place. No foreign keys: a subject is an appointment or an application.
CREATE TABLE name_words (
    municipality_id text NOT NULL,
    kind text NOT NULL, -- of the subject
    word text NOT NULL,
    subject text NOT NULL,
    PRIMARY KEY (municipality_id, kind, word, subject)
) WITHOUT ROWID;
-- What was there before the table is indexed in slices, newest first, by a job: after says how far it is. It goes through
-- everything twice, since processes of the version before may be writing still when it begins.
CREATE TABLE name_backlog (
    kind text PRIMARY KEY,
    after text NOT NULL,
    passes integer NOT NULL, -- that are left
    due datetime NOT NULL -- of the next pass
);
INSERT INTO name_backlog (kind, after, passes, due) SELECT 'appointment', '', 2, 0 WHERE EXISTS (SELECT 1 FROM appointments);
INSERT INTO name_backlog (kind, after, passes, due) SELECT 'application', '', 2, 0 WHERE EXISTS (SELECT 1 FROM applications);

-- +goose Down
DROP TABLE name_backlog;
DROP TABLE name_words;
