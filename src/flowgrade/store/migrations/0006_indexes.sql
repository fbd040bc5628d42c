-- Indexes of documents, their snapshots, and vectors by the content of what was embedded.

CREATE TABLE indexes (
    name TEXT PRIMARY KEY,
    settings TEXT NOT NULL,
    sources TEXT NOT NULL,
    loading TEXT NOT NULL,
    current TEXT,
    created_ns BIGINT NOT NULL,
    updated_ns BIGINT NOT NULL
);

CREATE TABLE index_snapshots (
    index_name TEXT NOT NULL,
    digest TEXT NOT NULL,
    status TEXT NOT NULL,
    settings TEXT NOT NULL,
    model TEXT,
    dimensions INTEGER,
    base TEXT,
    documents INTEGER NOT NULL,
    chunks INTEGER NOT NULL,
    embedded INTEGER NOT NULL,
    created_ns BIGINT NOT NULL,
    seconds DOUBLE PRECISION NOT NULL,
    tokens BIGINT,
    cost DOUBLE PRECISION,
    unpriced INTEGER NOT NULL,
    unread TEXT NOT NULL,
    error TEXT,
    PRIMARY KEY (index_name, digest)
);

CREATE TABLE index_documents (
    index_name TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    document TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (index_name, snapshot, document)
);

CREATE TABLE embedded_texts (
    model TEXT NOT NULL,
    digest TEXT NOT NULL,
    vector BYTEA NOT NULL,
    created_ns BIGINT NOT NULL,
    PRIMARY KEY (model, digest)
);

CREATE INDEX embedded_texts_by_age ON embedded_texts (created_ns);
