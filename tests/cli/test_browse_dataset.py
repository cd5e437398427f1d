"""``mmpretrain browse-dataset``."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.cli.commands import call


@pytest.mark.parametrize("mode", ["original", "transformed", "concat", "pipeline"])
def test_modes(capsys, tmp_path, mode):
    out = tmp_path / "out"
    done = call(
        capsys, "browse_dataset", "lenet5_digits", "-o", out, "-n", "3", "-m", mode, "--not-show", "-p", "val"
    )
    assert done.code == 0, done.err
    assert sorted(path.name for path in out.iterdir()) == ["000000.png", "000001.png", "000002.png"]
    width, height = Image.open(out / "000000.png").size
    assert (width > 1.5 * height) is (mode in ("concat", "pipeline"))
    assert "Saved 3 pictures" in done.out
    again = call(capsys, "browse-dataset", "lenet5_digits", "-o", out)
    assert (again.code, "not empty" in again.err) == (2, True)


def test_a_sheet(capsys, tmp_path):
    words = ["browse-dataset", "lenet5_digits", "--grid", tmp_path / "sheet.png", "-n", "5", "--shuffle"]
    assert call(capsys, *words).code == 0
    assert Image.open(tmp_path / "sheet.png").size == (3 * 320 + 4 * 8, 2 * 320 + 3 * 8)
    assert call(capsys, *words).code == 2
    first = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert call(capsys, *words, "--force", "--seed", "1").code == 0
    assert not (first == np.asarray(Image.open(tmp_path / "sheet.png"))).all()


@pytest.mark.parametrize(
    "words", [[], ["--grid", "a.txt"], ["--grid", "a.png", "-n", "0"], ["--grid", "a.png", "-m", "none"]]
)
def test_bad_options(capsys, words):
    assert call(capsys, "browse-dataset", "lenet5_digits", *words).code == 2


def test_other_data(capsys, tmp_path):
    for name in ("apple", "pear"):
        (tmp_path / "fruit" / name).mkdir(parents=True)
        for number in range(5):
            Image.new("L", (8, 8), 200).save(tmp_path / "fruit" / name / f"{number}.png")
    words = ["browse-dataset", "lenet5_digits-folder", "--data", tmp_path / "fruit", "-o", tmp_path / "out"]
    done = call(capsys, *words, "--mode", "original")
    assert (done.code, done.out.split()[:3]) == (0, ["Saved", "8", "pictures"]), done.err


def test_flags_of_0x(capsys, tmp_path):
    words = [
        "vis_pipeline",
        "lenet5_digits",
        "--output-dir",
        tmp_path / "out",
        "--phase",
        "val",
        "--number",
        "2",
    ]
    more = [
        "--mode",
        "pipeline",
        "--skip-type",
        "Resize",
        "--adaptive",
        "--max-edge-length",
        "100",
        "--bgr2rgb",
    ]
    done = call(capsys, *words, *more, "--window-size", "12*7")
    assert done.code == 0, done.err
    assert Image.open(tmp_path / "out" / "000001.png").size == (320, 320), "the only step is left out"
