"""`python -m empath` is the `empath` command."""

from __future__ import annotations

from empath import hangup

__all__ = ["main"]


def main() -> None:
    """Run the `empath` command; a SIGHUP that comes before it can reload is not lost."""
    hangup.await_loop()
    from empath.cli.main import main as run  # noqa: PLC0415 - it takes most of a start

    run()


if __name__ == "__main__":
    main()
