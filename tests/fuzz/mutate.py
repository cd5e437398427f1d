"""Mutators: each returns a changed copy of what it gets, with all randomness from a given generator."""

from __future__ import annotations

import copy
import struct
from random import Random
from typing import Any

# -- bytes -------------------------------------------------------------------------------------------------

#: Numbers at the edges of what fields of file headers can hold.
_EDGES = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    (1 << 40),
    (1 << 64) - 1,
)
_WIDTHS = {1: "B", 2: "H", 4: "I", 8: "Q"}


def mutate_bytes(data: bytes, rng: Random, other: bytes = b"", times: int | None = None) -> bytes:
    """Change a few places of a binary file.

    Args:
        data: The file.
        rng: The source of all choices.
        other: Another file, pieces of which are spliced in.
        times: How many changes; by default one to eight, mostly few.
    """
    result = bytearray(data)
    for _ in range(times if times is not None else rng.choice((1, 1, 1, 2, 2, 4, 8))):
        rng.choice(_BYTE_CHANGES)(result, rng, other)
    return bytes(result)


def _place(data: bytearray, rng: Random) -> int:
    # Headers and trailers are where the structure is.
    size = max(len(data), 1)
    return rng.choice(
        (rng.randrange(size), rng.randrange(min(size, 64)), size - 1 - rng.randrange(min(size, 64)))
    )


def _flip(data: bytearray, rng: Random, other: bytes) -> None:
    if data:
        data[_place(data, rng)] ^= 1 << rng.randrange(8)


def _random_byte(data: bytearray, rng: Random, other: bytes) -> None:
    if data:
        data[_place(data, rng)] = rng.randrange(256)


def _edge(data: bytearray, rng: Random, other: bytes) -> None:
    width = rng.choice(tuple(_WIDTHS))
    number = rng.choice(_EDGES) & ((1 << 8 * width) - 1)
    start = _place(data, rng)
    data[start : start + width] = struct.pack(rng.choice("<>") + _WIDTHS[width], number)


def _cut(data: bytearray, rng: Random, other: bytes) -> None:
    del data[_place(data, rng) :]


def _remove(data: bytearray, rng: Random, other: bytes) -> None:
    start = _place(data, rng)
    del data[start : start + rng.choice((1, 2, 4, 16, 256))]


def _repeat(data: bytearray, rng: Random, other: bytes) -> None:
    start = _place(data, rng)
    piece = data[start : start + rng.choice((1, 4, 16, 256))]
    data[start:start] = piece * rng.choice((1, 2, 16))


def _insert(data: bytearray, rng: Random, other: bytes) -> None:
    start = _place(data, rng)
    data[start:start] = rng.randbytes(rng.choice((1, 2, 4, 16)))


def _splice(data: bytearray, rng: Random, other: bytes) -> None:
    if other:
        start = rng.randrange(len(other))
        data[_place(data, rng) :] = other[start:]


_BYTE_CHANGES = (_flip, _flip, _random_byte, _edge, _edge, _cut, _remove, _repeat, _insert, _splice)

# -- text --------------------------------------------------------------------------------------------------

#: Pieces of text that parsers trip over.
ODD_TEXT = (
    "", " ", "\t", "\n", "\r", "\0", "\x1b[31m", "\ufeff", "\u2028", "\ud800", "é", "漢字", "🦉", "'", '"',
    "'''", "\\", "(", ")", "[", "]", "{", "}", "{{", "}}", "{{ _base_.model }}", "{{ $HOME }}", "{{$:}}",
    "=", "==", ":", ",", ".", "..", "-", "--", "*", "**", "&a ", "*a ", "!!python/object:os.system ", "%",
    "#", ";", "|", ">", "~", "null", "None", "True", "nan", "inf", "-inf", "1e999", "-1", "0", "9" * 30,
    "0x", "0" * 5000, "1_000", "lambda: 0", "...", "$HOME",
)  # fmt: skip


def mutate_text(text: str, rng: Random, times: int | None = None) -> str:
    """Change a few places of a text file: characters, words and lines."""
    for _ in range(times if times is not None else rng.choice((1, 1, 2, 3))):
        text = rng.choice(_TEXT_CHANGES)(text, rng)
    return text


def as_bytes(text: str, rng: Random) -> bytes:
    """Encode a text, rarely in another way than expected."""
    return text.encode(rng.choice(("utf-8",) * 12 + ("utf-16", "latin-1", "utf-8-sig")), "replace")


def _insert_text(text: str, rng: Random) -> str:
    place = rng.randrange(len(text) + 1)
    return text[:place] + rng.choice(ODD_TEXT) + text[place:]


def _replace_text(text: str, rng: Random) -> str:
    start = rng.randrange(len(text) + 1)
    return text[:start] + rng.choice(ODD_TEXT) + text[start + rng.choice((1, 1, 3, 8)) :]


def _change_lines(text: str, rng: Random) -> str:
    lines = text.split("\n")
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    change = rng.randrange(5)
    if change == 0:
        del lines[first]
    elif change == 1:
        lines.insert(first, lines[second])
    elif change == 2:
        lines[first], lines[second] = lines[second], lines[first]
    elif change == 3:
        lines[first] = rng.choice((" ", "\t", "    ")) + lines[first]
    else:
        lines[first] = lines[first][: rng.randrange(len(lines[first]) + 1)]
    return "\n".join(lines)


def _cut_text(text: str, rng: Random) -> str:
    return text[: rng.randrange(len(text) + 1)]


def _swap_words(text: str, rng: Random) -> str:
    words = text.split(" ")
    first, second = rng.randrange(len(words)), rng.randrange(len(words))
    words[first], words[second] = words[second], words[first]
    return " ".join(words)


_TEXT_CHANGES = (
    _insert_text, _insert_text, _replace_text, _replace_text, _change_lines, _change_lines, _cut_text,
    _swap_words,
)  # fmt: skip

# -- nested values -----------------------------------------------------------------------------------------


class Raw(str):
    """Python code: its ``repr`` is itself, so that it can stand in values that are written as Python."""

    def __repr__(self) -> str:
        return str(self)


#: What may stand in place of any value, and is understood by Python, YAML and JSON alike.
PLAIN_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 7, 0.0, 0.5, -0.5, 1e308, 10**30, -(10**30), "", "x", "1", "auto",
    "None", "a.b.c", "os.system", "é漢", "-", "\n", "x" * 300, [], [None], [1, 2], [[]], [[1, 2], [3]],
    ["x"], {}, {"type": None}, {"type": "x"}, {"type": ["ResNet"]}, {"type": {}}, {"type": ""}, {"type": 3},
    {"a": 1}, {"": 0}, [{}], [{"type": "x"}],
)  # fmt: skip
#: What only a Python file can say.
PYTHON_VALUES: tuple[Any, ...] = (
    Raw("float('nan')"), Raw("float('inf')"), Raw("-float('inf')"), (), (1,), (1, 2), ((),), Raw("b'x'"),
    Raw("1j"), Raw("..."), Raw("object()"), Raw("lambda *a, **k: None"), Raw("int"), Raw("print"),
    Raw("set()"), Raw("{1, 2}"), Raw("range(3)"), Raw("frozenset()"), Raw("{1: 2}"), Raw("{None: 1}"),
    Raw("{(1, 2): 3}"), Raw("slice(1)"), Raw("type"), Raw("Exception('x')"), Raw("iter([1])"),
    Raw("(x for x in [1])"), Raw("__import__('pathlib').Path('x')"), Raw("__import__('re').compile('x')"),
    Raw("__import__('datetime').date(2020, 1, 1)"),
)  # fmt: skip
ODD_VALUES = PLAIN_VALUES + PYTHON_VALUES
ODD_KEYS: tuple[Any, ...] = (
    "",
    "x",
    "a.b",
    "0",
    "type",
    "_delete_",
    "_scope_",
    "_base_",
    "é",
    "a b",
    "-",
    "class",
    "None",
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the key paths of all values below a nested value, in their order."""
    found: list[tuple[Any, ...]] = []
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, (list, tuple))
        else ()
    )
    for key, item in items:
        found.append((*path, key))
        found += paths(item, (*path, key))
    return found


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """Return what is at a key path."""
    for key in path:
        value = value[key]
    return value


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a copy with something else at a key path; tuples on the way become lists."""
    if not path:
        return new
    changed = list(value) if isinstance(value, (list, tuple)) else dict(value)
    changed[path[0]] = put(value[path[0]], path[1:], new) if path[1:] else new
    return changed


def mutate_tree(value: Any, rng: Random, odd: tuple[Any, ...] = ODD_VALUES) -> tuple[Any, str]:
    """Change one place of a nested value; return the changed copy and what was done."""
    path = rng.choice(paths(value))
    old = at(value, path)
    name = ".".join(map(str, path))
    change = rng.randrange(10)
    if change == 0 and isinstance(parent := at(value, path[:-1]), dict):
        rest = {key: item for key, item in parent.items() if key != path[-1]}
        return put(value, path[:-1], rest), f"remove {name}"
    if change == 1:
        wrapped = rng.choice(([old], {"x": old}, {"type": old}, [old, old], {"_delete_": True, "x": old}))
        return put(value, path, wrapped), f"wrap {name}"
    if change == 2 and isinstance(old, dict):
        key = rng.choice(ODD_KEYS)
        return put(value, (*path, key), rng.choice(odd)), f"add {name}.{key}"
    if change == 3:
        source = rng.choice(paths(value))
        return put(
            value, path, copy.deepcopy(at(value, source))
        ), f"copy {'.'.join(map(str, source))} to {name}"
    if change == 4 and isinstance(old, (list, tuple)) and old:
        return put(value, path, [*old, rng.choice(odd)]), f"append to {name}"
    new = rng.choice(odd)
    return put(value, path, new), f"{name} = {str(new)[:40]!r}"
