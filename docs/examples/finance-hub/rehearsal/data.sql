-- What production's database holds when a rehearsal begins: the first migration, applied, and rows.
CREATE TABLE schema_migrations (
  name text PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO schema_migrations (name) VALUES ('001_create_accounts.sql');

INSERT INTO accounts (name, currency, balance_cents) VALUES
  ('Operations', 'EUR', 1250000),
  ('Payroll', 'EUR', 8430050),
  ('Travel', 'EUR', -4210);

INSERT INTO transfers (from_account, to_account, amount_cents) VALUES (1, 3, 25000), (2, 1, 180000);
