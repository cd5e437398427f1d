"""Short texts of arbitrary values, for messages."""

from __future__ import annotations

import reprlib
from typing import Any

#: Longest text of a value in a message, in characters.
WIDTH = 80

_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = WIDTH
_REPR.maxlist = _REPR.maxtuple = _REPR.maxdict = _REPR.maxset = _REPR.maxfrozenset = 8


def brief(value: Any) -> str:
    """Return the ``repr`` of a value, cut in its middle where it is long; never raises."""
    if isinstance(value, int) and value.bit_length() > 4 * WIDTH:  # Python refuses to print huge ones
        return f"a number of {value.bit_length()} bits"
    try:
        return brief_text(_REPR.repr(value), 3 * WIDTH)
    except Exception:  # of a repr that is not ours
        return f"<{type(value).__name__}>"


def brief_text(text: str, width: int = WIDTH) -> str:
    """Return a text, cut in its middle if it is longer than ``width``."""
    if len(text) <= width:
        return text
    half = (width - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def said(error: BaseException) -> str:
    """Return the type and the text of an error that is not ours, on one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # of a __str__ that is not ours
        text = ""
    return f"{type(error).__name__}: {brief_text(text, 5 * WIDTH)}" if text else type(error).__name__
