-- Sessions: conversations with a model or a flow, turn by turn.

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,            -- the beginning of the first question
    kind TEXT NOT NULL,             -- model or flow
    partner TEXT NOT NULL,          -- name of the model, or where the flow is
    system_prompt TEXT,
    given TEXT NOT NULL,            -- JSON: parameters of the model, or fixed inputs of the flow
    created_ns BIGINT NOT NULL,
    updated_ns BIGINT NOT NULL
);

CREATE INDEX sessions_recent ON sessions (updated_ns);

CREATE TABLE session_turns (
    session TEXT NOT NULL,
    turn_number BIGINT NOT NULL,
    partner TEXT NOT NULL,
    status TEXT NOT NULL,
    withdrawn INTEGER NOT NULL,     -- 1: undone, or asked again
    question TEXT NOT NULL,
    attachments TEXT NOT NULL,      -- JSON
    system_prompt TEXT,
    given TEXT NOT NULL,            -- JSON, as of this turn
    shape TEXT NOT NULL,            -- JSON: how the turn looks as a row of a dataset
    answer TEXT,
    outputs TEXT,                   -- JSON: all outputs of a flow
    error TEXT,                     -- JSON
    trace_id TEXT NOT NULL,
    start_ns BIGINT NOT NULL,
    end_ns BIGINT,
    input_tokens BIGINT,
    output_tokens BIGINT,
    cost DOUBLE PRECISION,
    PRIMARY KEY (session, turn_number)
);
