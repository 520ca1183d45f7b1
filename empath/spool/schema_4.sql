-- Version 4: changes of operators as jobs, what recipients were before them, and the trash.

CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,   -- never used twice: the trash outlives its job
    undoable INTEGER NOT NULL,              -- 1: table former knows, or will know, how
    entry TEXT NOT NULL                     -- empath.spool.jobs.Job, as JSON
) STRICT;

-- What a recipient was before a job changed it.
CREATE TABLE former (
    job INTEGER NOT NULL,
    key INTEGER NOT NULL,
    number INTEGER NOT NULL,
    state INTEGER NOT NULL,
    due_at REAL,
    hold_reason TEXT NOT NULL,
    priority INTEGER NOT NULL,
    next_hop TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    mt_priority INTEGER NOT NULL,           -- of its message
    PRIMARY KEY (job, key, number)
) WITHOUT ROWID, STRICT;

-- Deleted recipients that can be restored; their messages keep their bodies meanwhile.
CREATE TABLE trash (
    key INTEGER NOT NULL,
    number INTEGER NOT NULL,
    job INTEGER NOT NULL,
    at REAL NOT NULL,
    state INTEGER NOT NULL,
    due_at REAL,
    hold_reason TEXT NOT NULL,
    PRIMARY KEY (key, number)
) WITHOUT ROWID, STRICT;

CREATE INDEX trash_age ON trash (at);
CREATE INDEX trash_job ON trash (job);

-- The orders that lists are sorted by most; mail that goes out at once is never in the second.
CREATE INDEX recipient_next ON recipient (due_at) WHERE state < 10;
CREATE INDEX recipient_tries ON recipient (attempts) WHERE state < 10 AND attempts > 0;
