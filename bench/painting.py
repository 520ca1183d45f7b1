"""What a console's screen costs to render, without a terminal."""

from __future__ import annotations

from tui.app import Console


def paint(console: Console, *, full: bool) -> int:
    """Render what is dirty, or everything, to the bytes a terminal would get; their number."""
    screen = console.screen
    compositor = screen._compositor  # noqa: SLF001 - what is measured is in there
    widgets = {screen, *screen.walk_children()}
    if full:
        for widget in widgets:
            widget._set_dirty()  # noqa: SLF001 - so that nothing comes from a cache
    else:
        compositor.update_widgets(widgets - {screen})
    update = compositor.render_update(full=full, screen_stack=[])
    if update is None:
        return 0
    return len(update.render_segments(console.console).encode())
