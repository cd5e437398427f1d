"""Which font draws a text: matplotlib's own, or an installed one for characters that it lacks.

Fonts with Chinese, Japanese and Korean characters are too large to be shipped. They are looked for among the
fonts of the system; the environment variable ``MMPRETRAIN_FONT`` may name a font file instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from mmpretrain.errors import MissingFileError
from mmpretrain.utils.logging import get_logger

#: Parts of the file names of fonts with many characters, which are tried first.
_LIKELY = (
    "notosanscjk",
    "sourcehansans",
    "wqy",
    "droidsansfallback",
    "unifont",
    "msyh",
    "simhei",
    "pingfang",
    "hiragino",
    "malgun",
    "meiryo",
    "arialunicode",
)


def font_for(text: str) -> Path:
    """Return the font file that has most characters of a text; say so once if no font has them all.

    Raises:
        MissingFileError: If ``MMPRETRAIN_FONT`` names no font.
    """
    return _font_for(frozenset(char for char in text if not char.isspace() and char.isprintable()))


def figure_fonts(*texts: str) -> dict[str, Any]:
    """Return the properties of a text of matplotlib with which it draws these texts."""
    from matplotlib import font_manager

    path = font_for("".join(texts))
    if path == default_font():
        return {}
    font_manager.fontManager.addfont(str(path))
    name = font_manager.FontProperties(fname=str(path)).get_name()
    return {"fontfamily": ["DejaVu Sans", name]}


@lru_cache(maxsize=1)
def default_font() -> Path:
    """The font that comes with matplotlib, with Latin, Greek, Cyrillic, Arabic and Hebrew letters."""
    import matplotlib

    return Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")


@lru_cache(maxsize=1024)
def _font_for(chars: frozenset[str]) -> Path:
    best, fewest = default_font(), len(chars) + 1
    for path in _candidates():
        lacking = len(chars - _characters(path))
        if lacking < fewest:
            best, fewest = path, lacking
        if not lacking:
            return path
    _say_lacking("".join(sorted(chars - _characters(best))))
    return best


def _candidates() -> Iterator[Path]:
    """Yield font files, those first that are usual or likely to do."""
    yield default_font()
    if named := os.environ.get("MMPRETRAIN_FONT"):
        if not Path(named).is_file():
            raise MissingFileError("There is no such font file", where=f"MMPRETRAIN_FONT={named}")
        yield Path(named)
    yield from _system_fonts()


@lru_cache(maxsize=1)
def _system_fonts() -> tuple[Path, ...]:
    from matplotlib import font_manager

    def order(path: Path) -> tuple[int, str]:
        name = path.name.lower().replace("-", "").replace("_", "").replace(" ", "")
        rank = next((i for i, part in enumerate(_LIKELY) if part in name), len(_LIKELY))
        return rank, str(path)

    return tuple(sorted(map(Path, font_manager.findSystemFonts()), key=order))


@cache
def _characters(path: Path) -> frozenset[str]:
    """The characters that a font has."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(map(chr, FT2Font(str(path)).get_charmap()))
    except (OSError, RuntimeError, ValueError):  # a font that FreeType cannot read
        return frozenset()


@cache
def _say_lacking(chars: str) -> None:
    shown = chars if len(chars) <= 20 else f"{chars[:20]}..."
    get_logger().warning(
        f"No installed font has the characters {shown}: boxes are drawn in their place. Install one (Debian "
        "and Ubuntu: apt install fonts-noto-cjk), or name a font file in the variable MMPRETRAIN_FONT."
    )
