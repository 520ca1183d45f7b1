-- The spool of Empath, version 1.  Keys are the integers of message ids, so they sort by arrival.

CREATE TABLE message (
    key INTEGER PRIMARY KEY,
    reverse_path TEXT,              -- NULL: the null sender (RFC 5321 4.5.5)
    priority INTEGER NOT NULL,
    size INTEGER NOT NULL,          -- octets of prefix and content together
    sha256 BLOB NOT NULL,           -- of the content, without the prefix
    subject TEXT NOT NULL,
    stored INTEGER NOT NULL,        -- 0: the body is gone, 1: in table body, 2: in a file
    finished_at REAL,               -- NULL while a recipient waits
    prefix BLOB,                    -- our trace fields; NULL once the body is gone
    details TEXT NOT NULL           -- rest of envelope and origin, as JSON
) STRICT;

-- The queue is a list of messages by age, with any amount of finished history in between.
CREATE INDEX message_open ON message (key) WHERE finished_at IS NULL;

-- Small bodies; apart from message, so that scans of the queue read no content.
CREATE TABLE body (
    key INTEGER PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;

CREATE TABLE recipient (
    key INTEGER NOT NULL,
    number INTEGER NOT NULL,
    address TEXT NOT NULL,
    destination TEXT NOT NULL,
    state INTEGER NOT NULL,         -- empath.envelope.State; ACTIVE is never stored
    due_at REAL,                    -- NULL unless queued or deferred
    notify INTEGER NOT NULL,
    original TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    delay_noticed INTEGER NOT NULL DEFAULT 0,
    reply TEXT NOT NULL DEFAULT '',
    hold_reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (key, number)
) WITHOUT ROWID, STRICT;

-- What is due at a destination, and all counts of a start, from this index alone.
CREATE INDEX recipient_open ON recipient (destination, due_at, state) WHERE state < 10;

CREATE TABLE timeline (
    key INTEGER NOT NULL,
    place INTEGER NOT NULL,
    event TEXT NOT NULL,            -- empath.events.MessageEvent, as JSON
    PRIMARY KEY (key, place)
) WITHOUT ROWID, STRICT;

CREATE TABLE setting (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID, STRICT;
