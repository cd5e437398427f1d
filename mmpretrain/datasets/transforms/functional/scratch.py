"""Memory for pixels that are needed for a moment: fresh memory costs a page fault for every 4 KB."""

from __future__ import annotations

import math
import threading

import numpy as np

#: Larger images get fresh memory, in bytes.
LARGEST = 64 << 20

_local = threading.local()


def borrowed(use: str, shape: tuple[int, ...]) -> np.ndarray:
    """An array of undefined pixels, which is the same memory whenever this thread asks for this use.

    Args:
        use: What it is for.
        shape: Its shape; the values are uint8.
    """
    size = math.prod(shape)
    if size > LARGEST:
        return np.empty(shape, np.uint8)
    memory = getattr(_local, use, None)
    if memory is None or len(memory) < size:
        memory = np.empty(size + size // 4, np.uint8)
        setattr(_local, use, memory)
    return memory[:size].reshape(shape)
