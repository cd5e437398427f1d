"""Escaping untrusted text for terminals, tables, logs, HTML and CSV.

Class names, file names and texts of checkpoints may hold escape sequences that recolour or overwrite a
terminal, marks that turn the direction of writing, markup of rich, or formulas of spreadsheets. Each place
that shows such a text calls the function for it here.
"""

from __future__ import annotations

import json
import re

#: C0 and C1 control characters, lone surrogates, line separators, and marks that are invisible or turn the
#: direction of writing.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
#: What makes spreadsheets take a text for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def visible(text: object, keep: str = "") -> str:
    r"""Return a text with its control characters written as escapes, such as ``\x1b``.

    Args:
        text: The text, or what is turned into one.
        keep: Characters to leave, such as a line feed.

    Example:
        >>> visible("cat\x1b[31m")
        'cat\\x1b[31m'
    """
    return _UNSAFE.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), str(text))


def lines(text: object) -> str:
    """Return a text of several lines with everything visible but line feeds and tabs."""
    return visible(text, "\n\t")


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def cell(text: object) -> str:
    """Return a text for a table of rich, which would take ``[red]`` for markup."""
    from rich.markup import escape  # not needed by most of what imports this

    return escape(visible(text))


def csv_cell(text: object, keep: str = "") -> str:
    """Return a text for a CSV file, after a quote where spreadsheets would take it for a formula.

    They do if it begins with ``=``, ``+``, ``-`` or ``@`` and is no number. See :func:`visible` for the rest.
    """
    shown = visible(text, keep)
    if str(text).startswith(_FORMULA) and not _NUMBER.fullmatch(shown):
        return f"'{shown}"
    return shown


def json_text(written: str) -> str:
    """Return JSON with the control characters in its strings written as JSON's own escapes."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] == "\n" else json.dumps(found[0])[1:-1], written)
