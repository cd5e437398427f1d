"""Tests of :mod:`mmpretrain.cli.audit`."""

from __future__ import annotations

import shutil

import pytest

from mmpretrain.cli.audit import parse_kinds, root_of
from mmpretrain.cli.main import app
from mmpretrain.errors import ConfigError, DataError
from tests.audit.cases import write_parts


def call(*words):
    app(args=["audit", *map(str, words)], prog_name="mmpretrain", standalone_mode=False)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = write_parts(tmp_path_factory.mktemp("data") / "photos", 12, 4)
    shutil.copy(root / "val" / "disc" / "001.png", root / "train" / "disc" / "leak.png")
    return root


def test_files_and_table(root, tmp_path, capsys):
    call(root, "--out", tmp_path / "audit")
    said = capsys.readouterr().out
    assert "leak" in said
    assert "train/disc/leak.png" in said.replace("\n", "")
    assert "leaves 1 of 33 samples out" in said
    assert {path.name for path in (tmp_path / "audit").iterdir()} == {"audit.csv", "audit.yaml", "audit.html"}
    with pytest.raises(ConfigError, match="not empty"):
        call(root, "--out", tmp_path / "audit")


def test_features_of_a_model(root, tmp_path, capsys):
    call(root, "--out", tmp_path / "audit", "--model", "lenet5_digits", "--checkpoint", _weights(tmp_path))
    assert (tmp_path / "audit" / "audit.csv").is_file()


def _weights(folder):
    import torch

    from mmpretrain import get_model

    torch.manual_seed(0)
    torch.save({"state_dict": get_model("lenet5_digits").state_dict()}, folder / "x.pth")
    return folder / "x.pth"


def test_mistakes(root, tmp_path):
    with pytest.raises(ConfigError, match=r"no kind of finding 'leeks'.*leak"):
        parse_kinds("leeks")
    assert parse_kinds("none") == []
    assert parse_kinds("label, leak") == ["leak", "label"]
    with pytest.raises(FileNotFoundError):
        call(tmp_path / "nothing", "--out", tmp_path / "x")
    (tmp_path / "flat").mkdir()
    shutil.copy(root / "val" / "disc" / "001.png", tmp_path / "flat")
    with pytest.raises(DataError, match="no folders of classes"):
        call(tmp_path / "flat", "--out", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_images_with_numbers(root, tmp_path, capsys):
    names = sorted((root / "train").rglob("0*.png"))
    for number, path in enumerate([*names, names[0]]):
        shutil.copy(path, tmp_path / f"{number}.png")
    rows = [f"{number}.png,{number / 4}" for number in range(len(names) + 1)]
    (tmp_path / "x.csv").write_text("\n".join(["path,value", *rows]))
    call(tmp_path / "x.csv", "--out", tmp_path / "audit")
    assert "numbers, which are not checked" in capsys.readouterr().out.replace("\n", " ")
    found = (tmp_path / "audit" / "audit.csv").read_text()
    assert f"{len(names)}.png" in found
    assert f",{len(names) / 4:g}," in found
    assert "with another label" in found


def test_names_are_relative_to_the_data(tmp_path):
    (tmp_path / "list.csv").touch()
    assert root_of(str(tmp_path)) == str(tmp_path)
    assert root_of(str(tmp_path / "list.csv")) == str(tmp_path)
    assert root_of("list.csv") == "."


def test_predictions_of_a_record(root, tmp_path, capsys):
    """Labels are judged by what a training left; images that it did not see are not judged."""
    import numpy as np

    from mmpretrain.evaluation.record import Record

    paths = [str(path) for path in sorted((root / "train").rglob("*.png"))]
    right = np.array([int("disc" in path.split("/")[-2]) for path in paths])
    scores = np.eye(2, dtype=np.float32)[right] * 0.8 + 0.1
    scores[4] = scores[4, ::-1]
    Record(scores, right, tuple(paths), ("cross", "disc")).save(tmp_path / "record")
    call(root, "--out", tmp_path / "audit", "--predictions", tmp_path / "record", "--no-page")
    rows = (tmp_path / "audit" / "audit.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [row.split(",")[2] for row in rows if row.startswith("label")] == ["train/cross/004.png"]
    assert not (tmp_path / "audit" / "audit.html").exists()
    Record(scores[:, :1], right * 0, tuple(paths)).save(tmp_path / "other")
    with pytest.raises(ConfigError, match="about 1 classes"):
        call(root, "--out", tmp_path / "x", "--predictions", tmp_path / "other")
    Record(scores, right, tuple("abcdefg" * 4)[: len(paths)]).save(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="none of the predictions"):
        call(root, "--out", tmp_path / "x", "--predictions", tmp_path / "elsewhere")
