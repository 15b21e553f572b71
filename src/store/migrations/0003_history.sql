-- What a model said of a photograph. `number` is the order of arrival and what indexes end with, so that they stay small.
CREATE TABLE predictions (
    number         INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,        -- UUID version 7
    image_sha256   TEXT NOT NULL REFERENCES images (sha256),
    file_name      TEXT NOT NULL,               -- at the sender's
    created_ms     BIGINT NOT NULL,
    model_name     TEXT NOT NULL,
    model_sha256   TEXT NOT NULL,
    model_licence  TEXT NOT NULL,
    width_px       BIGINT NOT NULL,
    height_px      BIGINT NOT NULL,
    threshold      DOUBLE PRECISION NOT NULL,
    crack_pixels   BIGINT NOT NULL,
    crack_ratio    DOUBLE PRECISION NOT NULL,
    uncertainty    DOUBLE PRECISION NOT NULL,
    actor          TEXT NOT NULL,
    mask_key       TEXT NOT NULL,
    thumbnail_key  TEXT NOT NULL,
    marks_key      TEXT NOT NULL,               -- the mask in the thumbnail's size
    kept_bytes     BIGINT NOT NULL,             -- of these three files
    record         TEXT NOT NULL,               -- the prediction as JSON
    verdict        TEXT,                        -- the latest; all of them stand in `verdicts`
    verdict_actor  TEXT,
    verdict_ms     BIGINT,
    deleted_ms     BIGINT                       -- since when it waits to be purged
);
-- Holds every column that a list is filtered by: whatever is asked for is one walk along a small index.
CREATE INDEX predictions_listed ON predictions
    (deleted_ms, created_ms, number, verdict, crack_ratio, uncertainty, model_name, file_name);
CREATE INDEX predictions_by_image ON predictions (image_sha256);
CREATE INDEX predictions_by_model ON predictions (model_name);

-- What people said of predictions; appended, never changed.
CREATE TABLE verdicts (
    id             TEXT PRIMARY KEY,
    prediction_id  TEXT NOT NULL REFERENCES predictions (id) ON DELETE CASCADE,
    verdict        TEXT NOT NULL,               -- right, wrong or nothing
    actor          TEXT NOT NULL,
    created_ms     BIGINT NOT NULL
);
CREATE INDEX verdicts_by_prediction ON verdicts (prediction_id);

ALTER TABLE label_versions ADD COLUMN tool TEXT;
-- The version whose pixels it began with.
ALTER TABLE label_versions ADD COLUMN parent BIGINT;
-- Pixels that are crack now and were not in the version before, and the other way round.
ALTER TABLE label_versions ADD COLUMN added_px BIGINT;
ALTER TABLE label_versions ADD COLUMN removed_px BIGINT;
ALTER TABLE label_versions ADD COLUMN prediction_id TEXT REFERENCES predictions (id) ON DELETE SET NULL;
-- Since when the verdict that made this label does not hold any more.
ALTER TABLE label_versions ADD COLUMN withdrawn_ms BIGINT;
CREATE INDEX label_versions_by_prediction ON label_versions (prediction_id) WHERE prediction_id IS NOT NULL;

CREATE INDEX submissions_with_comment ON submissions (comment, image_sha256) WHERE comment IS NOT NULL;

-- Answers to requests that may come again with the same key.
CREATE TABLE idempotent_answers (
    actor        TEXT NOT NULL,
    key          TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,                 -- SHA-256 of what was asked
    answer       TEXT NOT NULL,
    created_ms   BIGINT NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotent_answers_by_age ON idempotent_answers (created_ms);
