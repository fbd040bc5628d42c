-- How many model calls of a row have no known cost: what is in its cost is then not all of it.

ALTER TABLE run_rows ADD COLUMN unpriced BIGINT NOT NULL DEFAULT 0;
