"""`python -m empath` is the `empath` command."""

from __future__ import annotations

from empath.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
