"""``mmpretrain shape-bias``."""

from __future__ import annotations

from tests.analysis.test_shape_bias import DECISIONS, write
from tests.cli.commands import call


def test_table_and_picture(capsys, tmp_path):
    write(tmp_path, "a", DECISIONS)
    write(tmp_path, "b", DECISIONS[2:])
    words = ["shape_bias", "--csv-dir", tmp_path, "--result-dir", tmp_path / "out", "--model-names", "a", "b"]
    more = [
        "--colors",
        "100",
        "60",
        "160",
        "0",
        "0",
        "255",
        "--markers",
        "o",
        "x",
        "--plotting-names",
        "A",
        "B",
    ]
    done = call(capsys, *words, *more)
    assert done.code == 0, done.err
    rows = [line.split()[:2] for line in done.out.splitlines()[1:3]]
    assert rows == [["A", "0.6667"], ["B", "0.0000"]]
    assert (tmp_path / "out" / "cue-conflict_shape-bias_matrixplot.png").read_bytes().startswith(b"\x89PNG")
    assert call(capsys, *words).code == 2, "it exists"


def test_bad_input(capsys, tmp_path):
    write(tmp_path, "a", DECISIONS)
    words = ["shape-bias", "--csv-dir", tmp_path, "--model-names", "a"]
    for more in (["--colors", "1", "2"], ["--plotting-names", "x", "y"], ["b"]):
        done = call(capsys, *words, *more)
        assert (done.code, done.err.count("\n")) == (2, 1), done.err
