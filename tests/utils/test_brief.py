"""Values in messages."""

from __future__ import annotations

from mmpretrain.utils.brief import brief, brief_text, said


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class BrokenError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_short_values_are_whole():
    assert brief({"a": [1, None]}) == "{'a': [1, None]}"


def test_long_values_are_cut():
    assert len(brief("x" * 10_000)) <= 80
    assert brief(list(range(1000))).endswith("7, ...]")
    assert brief(10**1000) == "a number of 3322 bits"


def test_what_cannot_be_shown_is_named_by_its_type():
    assert brief(Broken()).startswith("<Broken")
    assert said(BrokenError()) == "BrokenError"


def test_texts_are_cut_in_the_middle():
    assert brief_text("abcdefghij", 7) == "ab...ij"
    assert said(ValueError("two\nlines")) == "ValueError: two lines"
