-- Connections to models and services, sealed with a key that is not in the database.

CREATE TABLE connections (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    sealed TEXT NOT NULL,           -- version, id of the key, nonce and ciphertext of AES-256-GCM
    changed_ns BIGINT NOT NULL
);
