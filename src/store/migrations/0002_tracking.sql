-- Trainings of which a tracking server is told.
CREATE TABLE tracked_runs (
    id            TEXT PRIMARY KEY,
    title         TEXT NOT NULL,
    model_sha256  TEXT,             -- of the model that it made
    server_uri    TEXT,             -- the server that knows of it
    server_run    TEXT,             -- how that server calls it
    artifact_uri  TEXT,             -- where that server keeps its files
    created_ms    BIGINT NOT NULL,
    finished_ms   BIGINT            -- since when nothing more comes from the training
);
CREATE INDEX tracked_runs_by_model ON tracked_runs (model_sha256);

-- What the server is to be told, in the order of `number`. Those that were sent stay until the training is finished,
-- so that one that is resumed tells nothing twice.
CREATE TABLE tracked_entries (
    run_id      TEXT NOT NULL REFERENCES tracked_runs (id),
    name        TEXT NOT NULL,
    number      BIGINT NOT NULL,
    payload     TEXT NOT NULL,
    blob_key    TEXT,
    created_ms  BIGINT NOT NULL,
    sent_ms     BIGINT,
    PRIMARY KEY (run_id, name)
);
