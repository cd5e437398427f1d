"""Tests of :mod:`mmpretrain.utils.fonts`."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from mmpretrain.errors import MissingFileError
from mmpretrain.evaluation import ConfusionMatrix
from mmpretrain.utils import fonts
from mmpretrain.visualization.drawing import draw_caption


def make_font(path, chars: str) -> None:
    """Write a font whose characters are full squares."""
    pen = TTGlyphPen(None)
    for x, y, draw in (
        (0, 0, pen.moveTo),
        (0, 900, pen.lineTo),
        (900, 900, pen.lineTo),
        (900, 0, pen.lineTo),
    ):
        draw((x, y))
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({ord(char): "square" for char in chars})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "square": square})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "square": (1000, 0)})
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=900, usWinAscent=900, usWinDescent=100)
    builder.setupPost()
    builder.save(path)


@pytest.fixture
def squares(tmp_path, monkeypatch):
    """The only installed font: it has two Chinese characters, and those of the words here."""
    path = tmp_path / "Squares.ttf"
    make_font(path, "猫狗cat: 0.9")
    use(monkeypatch, path)
    return path


@pytest.fixture
def no_fonts(monkeypatch):
    use(monkeypatch)


def use(monkeypatch, *installed) -> None:
    monkeypatch.delenv("MMPRETRAIN_FONT", raising=False)
    monkeypatch.setattr(fonts, "_system_fonts", lambda: installed)
    for cached in (fonts._font_for, fonts._characters, fonts._say_lacking):
        cached.cache_clear()


@pytest.fixture(autouse=True)
def forget():
    yield
    fonts._font_for.cache_clear()


def test_usual_texts_need_no_other_font(squares):
    for text in ("a cat", "größer", "кошка", "γάτα", "قطة"):
        assert fonts.font_for(text) == fonts.default_font()


def test_an_installed_font_draws_chinese_names(squares):
    assert fonts.font_for("猫: 0.9") == squares
    white = np.full((200, 300, 3), 255, np.uint8)
    drawn = [draw_caption(white, text) for text in ("猫", "狗", "a")]
    assert (drawn[0] == drawn[1]).all()  # squares, both
    assert (drawn[0] != drawn[2]).any()


def test_without_a_font_it_is_said_once(no_fonts, caplog):
    for _ in range(2):
        assert fonts.font_for("猫") == fonts.default_font()
        fonts._font_for.cache_clear()
    assert [record.message.partition(": boxes")[0] for record in caplog.records] == [
        "No installed font has the characters 猫"
    ]


def test_a_font_may_be_named(no_fonts, tmp_path, monkeypatch):
    make_font(tmp_path / "mine.ttf", "猫")
    monkeypatch.setenv("MMPRETRAIN_FONT", str(tmp_path / "mine.ttf"))
    assert fonts.font_for("猫") == tmp_path / "mine.ttf"
    monkeypatch.setenv("MMPRETRAIN_FONT", str(tmp_path / "none.ttf"))
    fonts._font_for.cache_clear()
    with pytest.raises(MissingFileError, match=r"MMPRETRAIN_FONT=.*none\.ttf"):
        fonts.font_for("猫")


def test_a_broken_font_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    make_font(tmp_path / "good.ttf", "猫")
    use(monkeypatch, tmp_path / "broken.ttf", tmp_path / "good.ttf")
    assert fonts.font_for("猫") == tmp_path / "good.ttf"


@pytest.mark.filterwarnings("error")
def test_figures_draw_them_too(squares):
    figure = ConfusionMatrix.plot(torch.eye(2).long(), classes=("猫", "狗"))
    figure.canvas.draw()  # matplotlib warns of a character that it has no glyph for
