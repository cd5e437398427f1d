"""Did-you-mean for names of any kind."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

#: Longest name, in characters, that is compared: the time grows with the product of both lengths.
LONGEST = 200


def close_matches(name: Any, candidates: Iterable[Any], limit: int = 3) -> list[str]:
    """Return the candidates most like ``name``, but not itself, ignoring case; the best first."""
    by_lower: dict[str, str] = {}
    for candidate in candidates:
        if candidate != name:
            by_lower.setdefault(str(candidate).lower(), str(candidate))
    found = difflib.get_close_matches(str(name)[:LONGEST].lower(), by_lower, n=limit, cutoff=0.6)
    return [by_lower[key] for key in found]


def did_you_mean(name: Any, candidates: Iterable[Any]) -> str | None:
    """Return ``"Did you mean 'a' or 'b'?"``, or None when nothing is close."""
    matches = [repr(match) for match in close_matches(name, candidates)]
    if not matches:
        return None
    text = matches[0] if len(matches) == 1 else f"{', '.join(matches[:-1])} or {matches[-1]}"
    return f"Did you mean {text}?"
