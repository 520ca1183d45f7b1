"""Sending mail: the engine, attempts, connections."""
