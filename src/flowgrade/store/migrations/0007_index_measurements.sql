-- How well snapshots of indexes found what they should.

CREATE TABLE index_measurements (
    id TEXT PRIMARY KEY,
    index_name TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    settings TEXT NOT NULL,         -- digest of how was searched
    dataset TEXT NOT NULL,          -- digest of the questions
    queries BIGINT NOT NULL,
    metrics TEXT NOT NULL,          -- JSON: mean, interval and n by measure
    segments TEXT NOT NULL,         -- JSON: the same by kind of question
    skipped BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    missing BIGINT NOT NULL,        -- relevant documents that are not in the index
    queries_per_second DOUBLE PRECISION NOT NULL,
    p50 DOUBLE PRECISION NOT NULL,  -- seconds
    p95 DOUBLE PRECISION NOT NULL,
    tokens BIGINT,
    cost DOUBLE PRECISION,
    created_ns BIGINT NOT NULL
);

CREATE INDEX index_measurements_recent ON index_measurements (index_name, created_ns);
