"""Receiving mail: listeners, and the way of a message into the spool."""
