"""Texts in the encodings that spreadsheets and editors write: UTF-8, UTF-16 and, of Chinese, GB18030."""

from __future__ import annotations

import codecs
import logging

logger = logging.getLogger("mmpretrain")

#: Marks at the start of a text -> its encoding, which takes the mark away; UTF-32 begins like UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: So many bytes tell whether a text without a mark is UTF-16: half of those of plain letters are zero.
_LOOKED_AT, _ZEROS = 4096, 0.3
#: Of the letters of Chinese in GB18030 (GBK), so many are among the 6,763 of GB 2312. Letters with accents of
#: another encoding, read so, hardly are.
_USUAL = 0.9


def decode_text(data: bytes, where: str) -> str:
    """Decode a text, and say so where its encoding had to be guessed.

    Args:
        data: The content of a file.
        where: Its name, for the warning.

    Raises:
        UnicodeDecodeError: If it is no text, or in another encoding.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding)
    if (wide := _wide(data)) is not None:
        return data.decode(wide)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        if not is_chinese(data):
            raise
    logger.warning("%s is not UTF-8, and read as GB18030 (GBK): save it as UTF-8 if names look wrong", where)
    return data.decode("gb18030")


def _wide(data: bytes) -> str | None:
    """The kind of UTF-16 without a mark, by where the zeros of plain letters are."""
    start = data[:_LOOKED_AT]
    if len(data) % 2 or b"\0" not in start:
        return None
    for encoding, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if zeros.count(0) > _ZEROS * len(zeros):
            return encoding
    return None


def is_chinese(data: bytes) -> bool:
    """Whether a text that is no UTF-8 looks like Chinese in GB18030."""
    try:
        wide = [letter for letter in data.decode("gb18030") if ord(letter) > 127]
    except UnicodeDecodeError:
        return False
    usual = len("".join(wide).encode("gb2312", "ignore")) / 2
    return usual >= _USUAL * len(wide)
