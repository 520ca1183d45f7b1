-- Version 3: where an operator re-routed a recipient, and the record of what operators did.

ALTER TABLE recipient ADD COLUMN next_hop TEXT NOT NULL DEFAULT '';

CREATE TABLE record (
    place INTEGER PRIMARY KEY,
    entry TEXT NOT NULL             -- empath.events.OperatorRecord, as JSON
) STRICT;
