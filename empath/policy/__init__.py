"""Decisions: plain functions and small values, without any I/O."""
