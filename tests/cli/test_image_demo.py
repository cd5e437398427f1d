"""``mmpretrain image-demo``, and the script that it was in 0.x and 1.x."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest
import torch

import mmpretrain
from tests.cli.commands import call

DEMO = Path(__file__).parents[2] / "demo"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "lenet.pth"
    model = mmpretrain.get_model("lenet5_mnist")
    meta = {"dataset_meta": {"classes": [f"digit {n}" for n in range(10)]}}
    torch.save({"state_dict": model.state_dict(), "meta": meta}, path)
    return path


def test_both_forms_print_json(capsys, weights, tmp_path):
    new = call(
        capsys,
        "image-demo",
        DEMO / "dog.jpg",
        "lenet5_mnist",
        "--checkpoint",
        weights,
        "--show-dir",
        tmp_path,
    )
    assert new.code == 0, new.err
    result = json.loads(new.out)
    assert set(result) == {"pred_label", "pred_score", "pred_class"}
    assert result["pred_class"] == f"digit {result['pred_label']}"
    assert (tmp_path / "dog.png").is_file()
    old = call(capsys, "image-demo", DEMO / "dog.jpg", "lenet5_mnist", weights, "--device", "cpu")
    assert old.out == new.out


def test_the_former_script(capsys, monkeypatch, weights):
    words = [DEMO / "cat-dog.png", "configs/lenet/lenet5_mnist.py", weights]
    monkeypatch.setattr(sys, "argv", ["image_demo.py", *map(str, words)])
    with pytest.raises(SystemExit):
        runpy.run_path(str(DEMO / "image_demo.py"), run_name="__main__")
    assert "pred_label" in json.loads(capsys.readouterr().out)


def test_no_image(capsys, weights):
    done = call(capsys, "image-demo", "nothing.jpg", "lenet5_mnist", weights)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "nothing.jpg" in done.err
