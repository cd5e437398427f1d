"""Progress on a terminal; elsewhere, silence."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

T = TypeVar("T")


def on_terminal() -> bool:
    """Whether a person is watching the standard output."""
    try:
        return sys.stdout is not None and sys.stdout.isatty() and Console().is_terminal
    except ValueError:  # it is closed
        return False


class Display(Progress):
    """A progress display that continues in silence when its terminal is gone."""

    def start(self) -> None:
        """Start the display."""
        with suppress(OSError):
            super().start()

    def stop(self) -> None:
        """Stop the display."""
        with suppress(OSError):
            super().stop()

    def refresh(self) -> None:
        """Draw the display."""
        with suppress(OSError):
            super().refresh()


def make_progress(console: Console | None = None, disable: bool = False) -> Progress:
    """Return a progress display with one line per task: what, bar, count, times, and a note.

    Args:
        console: Where to show it; by default the standard output.
        disable: Print only what is printed above the display.
    """
    return Display(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        disable=disable,
    )


def download_progress() -> Progress:
    """Return a progress display in bytes; it shows nothing without a terminal."""
    return Display(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        disable=not on_terminal(),
    )


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield the items, and show how far it is if someone is watching.

    Args:
        items: What to go through.
        description: A description of the task.
        total: How many there are, if ``items`` cannot tell.
    """
    if not on_terminal():
        yield from items
        return
    if total is None and hasattr(items, "__len__"):
        total = len(items)  # type: ignore[arg-type]
    with make_progress() as progress:
        task = progress.add_task(description, total=total, note="")
        for item in items:
            yield item
            progress.advance(task)
