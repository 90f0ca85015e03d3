-- Times are milliseconds since 1970. JSON is normalised text. Fingerprints are 16 bytes.

CREATE TABLE session (
    id          INTEGER PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    session_id  TEXT    NOT NULL,
    -- A tombstone has only the key and the two last columns.
    status      TEXT,
    language    TEXT,
    started_at  INTEGER,
    ended_at    INTEGER,
    end_reason  TEXT,
    metadata    TEXT,
    created_at  INTEGER,
    updated_at  INTEGER,
    fingerprint BLOB,
    revision    INTEGER,
    erased_at   INTEGER,
    expires_at  INTEGER,
    UNIQUE (tenant, session_id)
) STRICT;

CREATE INDEX session_by_start  ON session (tenant, started_at DESC, session_id)         WHERE erased_at IS NULL;
CREATE INDEX session_by_status ON session (tenant, status, started_at DESC, session_id) WHERE erased_at IS NULL;
CREATE INDEX session_tombstone ON session (expires_at)                                  WHERE erased_at IS NOT NULL;

-- Rows lie in the order of arrival, so that appends write at the end of the table whatever their identifiers.
CREATE TABLE event (
    id          INTEGER PRIMARY KEY,
    session     INTEGER NOT NULL REFERENCES session (id),
    event_id    TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    payload     TEXT    NOT NULL,
    timestamp   INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    late        INTEGER NOT NULL,
    fingerprint BLOB    NOT NULL,
    UNIQUE (session, event_id)
) STRICT;

CREATE INDEX event_timeline ON event (session, timestamp, event_id);
