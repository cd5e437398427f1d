"""Annotations of publishers as lists."""

from __future__ import annotations

import json

import pytest

from mmpretrain.datasets.converters import flickr30k, imagenet_subset, inaturalist
from mmpretrain.errors import DataError


def test_parts_of_imagenet(tmp_path):
    whole, part = tmp_path / "train.txt", tmp_path / "1percent.txt"
    whole.write_text("n01/n01_1.JPEG 0\nn02/n02_7.JPEG 1\n\n")
    part.write_text("n02_5.JPEG\n\nn01_3.JPEG\n")
    assert list(imagenet_subset(str(part), str(whole))) == ["n02/n02_5.JPEG 1", "n01/n01_3.JPEG 0"]
    part.write_text("n03_1.JPEG\n")
    with pytest.raises(DataError, match=r"1percent\.txt:1: 'n03_1.JPEG' is of no class"):
        list(imagenet_subset(str(part), str(whole)))
    whole.write_text("no list\n")
    with pytest.raises(DataError, match=r"train\.txt:1"):
        list(imagenet_subset(str(part), str(whole)))


def test_inaturalist(tmp_path):
    content = {
        "images": [
            {"id": 4, "file_name": "a/1.jpg"},
            {"id": 9, "file_name": "b/2.jpg"},
            {"id": 5, "file_name": "c"},
        ],
        "annotations": [{"image_id": 9, "category_id": 3}, {"image_id": 4, "category_id": 8}],
    }
    path = tmp_path / "train2018.json"
    path.write_text(json.dumps(content))
    assert list(inaturalist(str(path))) == ["a/1.jpg 8", "b/2.jpg 3"]


def test_flickr30k(tmp_path):
    content = {
        "images": [
            {"split": "val", "filename": "1.jpg", "sentences": [{"raw": "A cat."}, {"raw": "Fur."}]},
            {"split": "train", "filename": "2.jpg", "sentences": []},
        ]
    }
    path = tmp_path / "dataset_flickr30k.json"
    path.write_text(json.dumps(content))
    assert flickr30k(str(path), "val") == {
        "images": [{"id": "1"}],
        "annotations": [
            {"id": 0, "image_id": "1", "caption": "A cat."},
            {"id": 1, "image_id": "1", "caption": "Fur."},
        ],
    }


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"images": [1], "annotations": []}', '{"images": [{}], "annotations": [{}]}']
)
def test_other_files(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"a\.json"):
        list(inaturalist(str(path)))
