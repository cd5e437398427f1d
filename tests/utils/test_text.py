"""Texts of strangers are shown, and never obeyed."""

from __future__ import annotations

import csv
import io
import json

import pytest

from mmpretrain.cli.endings import report
from mmpretrain.errors import ConfigError
from mmpretrain.utils import text

EVIL = {
    "colour": ("cat\x1b[31m", r"cat\x1b[31m"),
    "C1": ("cat\x9b31m", r"cat\x9b31m"),
    "title": ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
    "line": ("a\nb\rc\td", r"a\nb\rc\td"),
    "erase": ("a\x08\x7f", r"a\x08\x7f"),
    "direction": ("photo\u202egnp.exe", r"photo\u202egnp.exe"),
    "isolate": ("a\u2066b\u2069", r"a\u2066b\u2069"),
    "separator": ("a\u2028b", r"a\u2028b"),
    "surrogate": ("a\udc80", r"a\udc80"),
    "tag": ("a\U000e0041", r"a\U000e0041"),
}


@pytest.mark.parametrize("name", EVIL)
def test_control_characters_are_written_as_escapes(name):
    given, shown = EVIL[name]
    assert text.visible(given) == shown
    assert text.visible(shown) == shown


def test_ordinary_texts_stay():
    for given in ("café", "漢字 🦉", "a b_c-d/e.f", "naïve [x]", "Ünïcödé"):
        assert text.visible(given) == text.lines(given) == text.csv_cell(given) == given
    assert text.lines("a\n\tb\x1b") == "a\n\tb\\x1b"


def test_markup_of_rich_is_text():
    from rich.console import Console
    from rich.table import Table

    table = Table("x")
    for given in ("[red]a[/red]", "[link=file:///etc]b[/link]", "[bold", "\\[x]"):
        table.add_row(text.cell(given))
    stream = io.StringIO()
    Console(file=stream, width=80).print(table)
    for given in ("[red]a[/red]", "[link=file:///etc]b[/link]", "[bold", "\\[x]"):
        assert given in stream.getvalue()


@pytest.mark.parametrize("given", ["=1+1", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", "--x"])
def test_formulas_are_text(given):
    assert text.csv_cell(given).startswith("'")
    assert next(csv.reader([text.csv_cell(given)]))


@pytest.mark.parametrize("given", ["-1", "+2.5", "-1e-3", "0.5", -3, "1"])
def test_numbers_stay_numbers(given):
    assert text.csv_cell(given) == str(given)


def test_json_stays_json():
    given = {"class": "cat\x1b\x9b\u202e\n", "image": "漢.png"}
    written = text.json_text(json.dumps(given, ensure_ascii=False, indent=1))
    assert json.loads(written) == given
    assert r"\u009b\u202e" in written
    assert "漢" in written


def test_errors_on_the_command_line_show_escapes(capsys):
    report(ConfigError("bad\x1b[31m\nnext", where="\x1bfile", hint="do\x9b"))
    assert capsys.readouterr().err == "error: \\x1bfile: bad\\x1b[31m\nnext. do\\x9b\n"
