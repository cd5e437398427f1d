"""Ending with the parent process, and coping with closed standard streams."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

#: From <linux/prctl.h>.
_PR_SET_PDEATHSIG = 1
#: Where the system cannot tell a process that its parent has died, how often to look, in seconds.
LOOK_EVERY = 1.0


def die_with_parent(number: int = signal.SIGTERM, parent: int | None = None) -> None:
    """Let this process get a signal when its parent dies, however that happens.

    Linux sends it; elsewhere a thread looks from time to time. Call it in the main thread.

    Args:
        number: The signal.
        parent: The parent, if that is known: it may have died before this call.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if parent is not None and os.getppid() != parent:
            os.kill(os.getpid(), number)
    elif os.name == "posix":
        threading.Thread(target=_watch, args=(parent or os.getppid(), number), daemon=True).start()


def _watch(parent: int, number: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY)
    os.kill(os.getpid(), number)


def open_standard_streams() -> None:
    """Let standard streams that the caller has closed (``>&-``) lead nowhere.

    Otherwise Python has none, and the next file that is opened takes the place of the standard output.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
