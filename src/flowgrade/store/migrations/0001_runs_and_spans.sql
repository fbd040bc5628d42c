-- Runs, their rows, and the spans of every trace.

CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    flow TEXT NOT NULL,             -- ref of the flow
    dataset TEXT NOT NULL,          -- ref of the dataset
    status TEXT NOT NULL,
    definition TEXT NOT NULL,       -- JSON: what resume needs to go on
    created_ns BIGINT NOT NULL,
    ended_ns BIGINT,
    seconds DOUBLE PRECISION NOT NULL,
    row_count BIGINT,
    metrics TEXT NOT NULL,          -- JSON
    aggregation TEXT NOT NULL,      -- JSON: outputs of aggregation nodes
    error TEXT,                     -- JSON
    cancel_asked INTEGER NOT NULL
);

CREATE INDEX runs_created ON runs (created_ns);

CREATE TABLE run_rows (
    run TEXT NOT NULL,
    row_number BIGINT NOT NULL,
    status TEXT NOT NULL,
    inputs TEXT NOT NULL,           -- JSON
    outputs TEXT,                   -- JSON
    error TEXT,                     -- JSON
    kept TEXT,                      -- JSON: node values that aggregation nodes will read
    trace_id TEXT NOT NULL,
    start_ns BIGINT NOT NULL,
    end_ns BIGINT NOT NULL,
    input_tokens BIGINT,
    output_tokens BIGINT,
    cost DOUBLE PRECISION,
    PRIMARY KEY (run, row_number)
);

CREATE TABLE spans (
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    parent_id TEXT,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    start_ns BIGINT NOT NULL,
    end_ns BIGINT NOT NULL,
    status TEXT NOT NULL,
    root INTEGER NOT NULL,          -- 1: the first span of its trace in its process
    data TEXT NOT NULL,             -- JSON: inputs, outputs, usage, cost, error, ref, attributes
    run TEXT,
    row_number BIGINT,
    PRIMARY KEY (trace_id, span_id)
);

CREATE INDEX spans_recent ON spans (start_ns) WHERE root = 1;
CREATE INDEX spans_of_run ON spans (run, row_number) WHERE root = 1;
