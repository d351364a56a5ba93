CREATE TABLE accounts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  currency char(3) NOT NULL,
  balance_cents bigint NOT NULL DEFAULT 0
);

CREATE TABLE transfers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  from_account bigint NOT NULL REFERENCES accounts (id),
  to_account bigint NOT NULL REFERENCES accounts (id),
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  made_at timestamptz NOT NULL DEFAULT now()
);
