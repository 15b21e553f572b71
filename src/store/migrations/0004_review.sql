-- What was found when a label was looked at, and what a person decided. A label without a row was not looked at yet.
CREATE TABLE label_reviews (
    image_sha256  TEXT NOT NULL,
    version       BIGINT NOT NULL,
    state         TEXT NOT NULL,                -- clear, quarantined, accepted or rejected
    reasons       TEXT NOT NULL,                -- JSON
    checked_ms    BIGINT NOT NULL,
    decided_by    TEXT,                         -- who accepted or rejected it
    decided_ms    BIGINT,
    PRIMARY KEY (image_sha256, version),
    FOREIGN KEY (image_sha256, version) REFERENCES label_versions (image_sha256, version) ON DELETE CASCADE
);
CREATE INDEX label_reviews_by_state ON label_reviews (state, checked_ms, image_sha256);

-- The label of each photograph: the newest version that was neither withdrawn nor rejected.
CREATE VIEW current_labels AS
SELECT l.* FROM label_versions l
LEFT JOIN label_reviews r ON r.image_sha256 = l.image_sha256 AND r.version = l.version
WHERE l.withdrawn_ms IS NULL AND COALESCE(r.state, '') <> 'rejected' AND NOT EXISTS (
    SELECT 1 FROM label_versions n
    LEFT JOIN label_reviews s ON s.image_sha256 = n.image_sha256 AND s.version = n.version
    WHERE n.image_sha256 = l.image_sha256 AND n.version > l.version
        AND n.withdrawn_ms IS NULL AND COALESCE(s.state, '') <> 'rejected'
);

-- What a label of a photograph would be worth.
CREATE TABLE photo_reviews (
    image_sha256  TEXT PRIMARY KEY REFERENCES images (sha256) ON DELETE CASCADE,
    hash          BIGINT,                       -- perceptual; null if the photograph cannot be read
    seen_number   BIGINT,                       -- the prediction up to which predictions were looked at
    uncertainty   DOUBLE PRECISION,             -- of the latest prediction
    disagreement  DOUBLE PRECISION,             -- between the two latest models
    nearest_bits  BIGINT,                       -- to the nearest photograph with a label
    waiting       BIGINT NOT NULL,              -- 1 if a person asked for a label of it
    benefit       DOUBLE PRECISION NOT NULL
);
CREATE INDEX photo_reviews_by_benefit ON photo_reviews (waiting, benefit, image_sha256);
CREATE INDEX photo_reviews_by_seen ON photo_reviews (seen_number);
-- Of those a label is asked first.
CREATE INDEX predictions_said_wrong ON predictions (deleted_ms, image_sha256) WHERE verdict = 'wrong';
CREATE INDEX submissions_without_label ON submissions (image_sha256) WHERE label_version IS NULL;
