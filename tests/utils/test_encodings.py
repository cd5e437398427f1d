"""Texts in the encodings of spreadsheets and editors."""

from __future__ import annotations

import pytest

from mmpretrain.utils.encodings import decode_text

TABLE = "路径,标签\n图片/一 号.png,猫\n图片/二.png,狗\n"


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gbk", "gb18030"],
)
def test_chinese(caplog: pytest.LogCaptureFixture, encoding: str) -> None:
    for table in (TABLE, "path,label\n" + "a/1.png,cat\n" * 50 + TABLE):
        assert decode_text(table.encode(encoding), "labels.csv") == table
    assert ("labels.csv is not UTF-8, and read as GB18030" in caplog.text) == encoding.startswith("gb")


@pytest.mark.parametrize(
    "data",
    [b"a\xff\xff", "café,écran,naïve".encode("latin-1"), "Grüße an ÄÖÜ".encode("latin-1"), bytes(range(256))],
)
def test_other_encodings_are_not_guessed(data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        decode_text(data, "x.csv")


def test_plain() -> None:
    assert decode_text(b"", "x") == ""
    assert decode_text("ä".encode(), "x") == "ä"
    assert decode_text(b"one\0two three", "x") == "one\0two three"
