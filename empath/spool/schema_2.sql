-- Version 2: each recipient knows the class of its message, so that what is due of one class
-- is found without stepping over the mail of another.

ALTER TABLE recipient ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;

UPDATE recipient SET priority = (SELECT m.priority FROM message AS m WHERE m.key = recipient.key)
    WHERE state < 10;

DROP INDEX recipient_open;

-- What is due at a destination in a class, and all counts of a start, from this index alone.
CREATE INDEX recipient_open ON recipient (destination, priority, due_at, state) WHERE state < 10;
