"""Empath, a mail transfer agent that one person can run and understand: the engine.

Nothing is imported here: what comes first in a process (`empath.hangup`) shall come at once.
"""
