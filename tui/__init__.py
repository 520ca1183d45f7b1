"""Empath's operator console: a Textual program that knows the engine only through its port."""
