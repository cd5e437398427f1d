"""``mmpretrain confusion-matrix`` gives what MMPretrain 1.2's script gives."""

from __future__ import annotations

import json
import pickle

import pytest
import torch

import mmpretrain
from tests.analysis.test_results import REFERENCE, digits
from tests.cli.commands import call


@pytest.fixture
def result(tmp_path):
    path = tmp_path / "result.pkl"
    path.write_bytes(pickle.dumps(digits()))
    return path


def test_from_results(capsys, result, tmp_path):
    done = call(
        capsys, "confusion_matrix", "lenet5_digits", result, "--out", tmp_path / "m.pkl",
        "--show-path", tmp_path / "m.png", "--include-values", "--cmap", "magma",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert pickle.loads((tmp_path / "m.pkl").read_bytes()).tolist() == REFERENCE["confusion_matrix"]
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")
    assert "288 of 355 samples are on the diagonal (81.13 %)." in done.out
    assert "5  5 taken for 9 (13.9 %)" in done.out


@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_other_files(capsys, result, tmp_path, suffix):
    out = tmp_path / f"m.{suffix}"
    assert call(capsys, "confusion-matrix", "lenet5_digits", result, "--out", out).code == 0
    if suffix == "json":
        assert json.loads(out.read_text())["counts"] == REFERENCE["confusion_matrix"]
    else:
        assert out.read_text().splitlines()[2] == "1," + ",".join(map(str, REFERENCE["confusion_matrix"][1]))


def test_from_a_checkpoint(capsys, tmp_path):
    torch.save(mmpretrain.get_model("lenet5_digits").state_dict(), tmp_path / "a.pth")
    options = ["--cfg-options", f"work_dir={tmp_path / 'run'}"]
    done = call(
        capsys,
        "confusion-matrix",
        "lenet5_digits",
        tmp_path / "a.pth",
        "--out",
        tmp_path / "m.json",
        *options,
    )
    assert done.code == 0, done.err
    assert sum(map(sum, json.loads((tmp_path / "m.json").read_text())["counts"])) == 355


@pytest.mark.parametrize(
    "words", [["--cmap", "virids"], ["--out", "a.txt"], ["--show-path", "a.xyz"], ["--show"]]
)
def test_bad_options_are_one_sentence(capsys, result, words, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    done = call(capsys, "confusion-matrix", "lenet5_digits", result, *words)
    assert (done.code, done.err.count("\n")) == (2, 1), done.err


def test_counts_of_many_classes_do_not_fit(capsys, tmp_path):
    records = [{"pred_score": torch.eye(101)[n], "gt_label": torch.tensor([n])} for n in range(101)]
    (tmp_path / "many.pkl").write_bytes(pickle.dumps(records))
    words = ["confusion-matrix", "lenet5_digits", tmp_path / "many.pkl", "--show-path", tmp_path / "a.png"]
    done = call(capsys, *words, "--include-values")
    assert (done.code, "do not fit" in done.err) == (2, True)
    assert not (tmp_path / "a.png").exists()
