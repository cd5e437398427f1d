"""``mmpretrain vis-tsne``."""

from __future__ import annotations

import csv

import pytest
import torch

import mmpretrain
from tests.cli.commands import call


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "a.pth"
    torch.save(mmpretrain.get_model("lenet5_digits").state_dict(), path)
    return path


@pytest.mark.parametrize(
    "method",
    [["--method", "pca", "--n-components", "3"], ["--perplexity", "5", "--n-iter", "250", "--init", "pca"]],
)
def test_picture_and_points(capsys, weights, tmp_path, method):
    words = ["--class-idx", "1", "4", "--max-num-samples", "8", "--legend", "--work-dir", tmp_path, *method]
    done = call(capsys, "vis_tsne", "lenet5_digits", "--checkpoint", weights, *words)
    assert done.code == 0, done.err
    (folder,) = tmp_path.iterdir()
    assert (folder / "backbone.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader((folder / "backbone.csv").open()))
    assert [row["class"] for row in rows] == ["1"] * 8 + ["4"] * 8
    assert ("z" in rows[0]) is (method[0] == "--method")
    assert "16 samples of 2 classes" in done.out


@pytest.mark.parametrize("words", [["--class-idx", "33"], ["--method", "mds"], ["--perplexity", "500"]])
def test_bad_options(capsys, weights, tmp_path, words):
    done = call(capsys, "vis-tsne", "lenet5_digits", "--checkpoint", weights, "--work-dir", tmp_path, *words)
    assert done.code == 2
    assert not list(tmp_path.iterdir())
