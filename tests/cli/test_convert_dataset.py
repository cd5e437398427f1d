"""``mmpretrain convert-dataset``."""

from __future__ import annotations

import json

from tests.cli.commands import call


def test_lists(capsys, tmp_path):
    (tmp_path / "a.json").write_text(
        json.dumps(
            {"images": [{"id": 1, "file_name": "x.jpg"}], "annotations": [{"image_id": 1, "category_id": 2}]}
        )
    )
    words = ["convert_inaturalist", tmp_path / "a.json", tmp_path / "train.txt"]
    assert call(capsys, *words).code == 0
    assert (tmp_path / "train.txt").read_text() == "x.jpg 2\n"
    assert call(capsys, *words).code == 2, "it exists"
    (tmp_path / "whole.txt").write_text("n01/n01_1.JPEG 0\n")
    (tmp_path / "part.txt").write_text("n01_9.JPEG\n")
    words = [
        "imagenet-subset",
        tmp_path / "part.txt",
        tmp_path / "out.txt",
        "--train-list",
        tmp_path / "whole.txt",
    ]
    assert call(capsys, "convert-dataset", *words).code == 0
    assert (tmp_path / "out.txt").read_text() == "n01/n01_9.JPEG 0\n"


def test_captions(capsys, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"images": []}))
    done = call(capsys, "convert-dataset", "flickr30k", tmp_path / "a.json", tmp_path / "out")
    assert done.code == 0, done.err
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_no_file(capsys, tmp_path):
    done = call(capsys, "convert-dataset", "inaturalist", tmp_path / "none.json", tmp_path / "a.txt")
    assert (done.code, done.err.count("\n")) == (2, 1)
