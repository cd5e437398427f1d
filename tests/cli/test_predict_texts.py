"""Names of classes and files are shown by ``mmpretrain predict``, and not obeyed."""

from __future__ import annotations

from mmpretrain.cli.predict import as_csv, print_table

ROWS = [
    {"image": "=1+1.png", "rank": 1, "label": 0, "class": "[red]cat\x1b[31m", "score": 0.5},
    {"image": "=1+1.png", "rank": 2, "label": 1, "class": None, "score": 0.25},
]


def test_table(capsys):
    print_table(ROWS)
    assert r"[red]cat\x1b[31m" in capsys.readouterr().out


def test_csv():
    assert as_csv(ROWS) == (
        "image,rank,label,class,score\n'=1+1.png,1,0,[red]cat\\x1b[31m,0.5\n'=1+1.png,2,1,,0.25\n"
    )
