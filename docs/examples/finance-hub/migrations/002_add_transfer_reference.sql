-- Written so that the version that runs while this is applied goes on working: a new column that it need not know.
ALTER TABLE transfers ADD COLUMN reference text NOT NULL DEFAULT '';

CREATE INDEX transfers_made_at ON transfers (made_at);
