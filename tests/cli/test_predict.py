"""Tests of :mod:`mmpretrain.cli.predict`."""

from __future__ import annotations

import numpy as np

from mmpretrain.cli.demo_data import write_digits
from mmpretrain.cli.predict import as_csv, measured, print_table
from tests.cli.command_cases import run


def test_no_image(run_dir, tmp_path):
    page = tmp_path / "page.jpg"
    page.write_text("<html></html>")
    done = run("predict", page, "--model", run_dir)
    assert done.returncode == 2
    assert "page.jpg" in done.stderr
    assert "Traceback" not in done.stderr
    done = run("predict", tmp_path / "none.jpg", "--model", run_dir)
    assert done.returncode == 2
    assert "there is no image" in done.stderr


def test_no_weights_no_prediction(run_dir, tmp_path):
    image = write_digits(tmp_path) and tmp_path / "val" / "7" / "0004.png"
    done = run("predict", image, "--model", "lenet5_digits")
    assert (done.returncode, done.stdout) == (2, "")
    assert "has no weights" in done.stderr
    assert "--checkpoint CKPT" in done.stderr


ROWS = [
    {"image": "=1+1.png", "rank": 1, "label": 0, "class": "[red]cat\x1b[31m", "score": 0.5},
    {"image": "=1+1.png", "rank": 2, "label": 1, "class": None, "score": 0.25},
]


def test_table(capsys):
    print_table(ROWS)
    assert r"[red]cat\x1b[31m" in capsys.readouterr().out


def test_values_and_tasks(capsys):
    """Regression: a column for each value; a name that is a column already gets a mark."""
    meta = {"values": ["age", "image"]}
    rows = [
        measured("a.png", {"pred_values": np.array([31.25, 1 / 3])}, meta, "face"),
        {"image": "a.png", "task": "kind", "rank": 1, "label": 0, "class": "cat", "score": 0.5},
        {"image": "a.png", "task": "kind", "rank": 2, "label": 1, "class": "dog", "score": 0.25},
    ]
    assert as_csv(rows) == (
        "image,task,rank,label,class,score,age,image_\n"
        "a.png,face,,,,,31.25,0.333333\n"
        "a.png,kind,1,0,cat,0.5,,\n"
        "a.png,kind,2,1,dog,0.25,,\n"
    )
    assert as_csv([measured("a.png", {"pred_values": np.array([2.0])}, {})]) == "image,value\na.png,2.0\n"
    assert as_csv([]) == "image,rank,label,class,score\n"
    print_table(rows)
    lines = capsys.readouterr().out.splitlines()
    assert "31.25" in lines[3]
    assert lines[4].split() == ["│", "│", "kind", "│", "0", "│", "cat", "│", "0.5000", "│", "│", "│"]
    assert lines[5].split() == ["│", "│", "│", "1", "│", "dog", "│", "0.2500", "│", "│", "│"]


def test_csv():
    assert as_csv(ROWS) == (
        "image,rank,label,class,score\n'=1+1.png,1,0,[red]cat\\x1b[31m,0.5\n'=1+1.png,2,1,,0.25\n"
    )
