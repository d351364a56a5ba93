-- Right on an empty database, wrong on this one: an account is overdrawn. What only production's data can show.
ALTER TABLE accounts ADD COLUMN overdraft_limit_cents bigint NOT NULL DEFAULT 0;

ALTER TABLE accounts ADD CONSTRAINT accounts_not_overdrawn CHECK (balance_cents >= -overdraft_limit_cents);
