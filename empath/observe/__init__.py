"""Telling what happens: journal, metrics, health."""
