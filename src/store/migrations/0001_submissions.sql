-- Photographs, by content.
CREATE TABLE images (
    sha256      TEXT PRIMARY KEY,
    blob_key    TEXT NOT NULL,
    size_bytes  BIGINT NOT NULL,
    width_px    BIGINT NOT NULL,
    height_px   BIGINT NOT NULL,
    created_ms  BIGINT NOT NULL
);

-- What people say is crack; appended, never changed.
CREATE TABLE label_versions (
    image_sha256  TEXT NOT NULL REFERENCES images (sha256),
    version       BIGINT NOT NULL,
    blob_key      TEXT NOT NULL,
    crack_pixels  BIGINT NOT NULL,
    actor         TEXT NOT NULL,
    created_ms    BIGINT NOT NULL,
    PRIMARY KEY (image_sha256, version)
);

-- Each time somebody gave a photograph for retraining.
CREATE TABLE submissions (
    id             TEXT PRIMARY KEY,
    image_sha256   TEXT NOT NULL REFERENCES images (sha256),
    label_version  BIGINT,
    comment        TEXT,
    actor          TEXT NOT NULL,
    created_ms     BIGINT NOT NULL,
    FOREIGN KEY (image_sha256, label_version) REFERENCES label_versions (image_sha256, version)
);
CREATE INDEX submissions_by_image ON submissions (image_sha256);

-- Access beyond this machine. Only hashes of tokens are kept.
CREATE TABLE tokens (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    hash        TEXT NOT NULL UNIQUE,
    created_ms  BIGINT NOT NULL,
    revoked_ms  BIGINT
);
