-- What people say about a run, and whether lists leave it out.

ALTER TABLE runs ADD COLUMN about TEXT NOT NULL DEFAULT '{}';
ALTER TABLE runs ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
