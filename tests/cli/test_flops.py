"""``mmpretrain flops``, and the script that it was."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

from tests.cli.commands import call

ROOT = Path(__file__).parents[2]


def test_it_prints_the_lines_of_the_former_script(capsys):
    done = call(capsys, "flops", "lenet5_mnist", "--shape", "32", "32")
    assert done.code == 0
    lines = done.out.splitlines()
    start = lines.index("=" * 30)
    assert lines[start : start + 6] == [
        "=" * 30, "Input shape: (1, 32, 32)", "Flops: 0.417M", "Params: 61.706K", "Activation: 6.518K",
        "=" * 30,
    ]  # fmt: skip
    assert lines[1].split()[0] == "ImageClassifier"


def test_json_has_every_module(capsys):
    done = call(capsys, "get_flops", "lenet5_mnist", "--json", "--cfg-options", "model.head.topk=(1,)")
    content = json.loads(done.out)
    assert content["input_shape"] == [1, 32, 32]
    modules = content["modules"]
    assert modules[""]["params"] == 61706
    assert modules["backbone.features.0"]["products"] == 6 * 28 * 28 * 25


def test_bad_shapes(capsys):
    done = call(capsys, "flops", "lenet5_mnist", "--shape", "1", "2", "3", "4")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "--shape takes a side" in done.err
    assert call(capsys, "flops", "lenet5_mnist", "--shape", "0").code == 2


@pytest.mark.parametrize("path", ["tools/get_flops.py", "tools/analysis_tools/get_flops.py"])
def test_the_former_script(capsys, monkeypatch, path):
    monkeypatch.setattr(sys, "argv", [path, "configs/lenet/lenet5_mnist.py", "--shape", "32"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / path), run_name="__main__")
    assert "Flops: 0.417M\n" in capsys.readouterr().out
