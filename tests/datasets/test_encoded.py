"""Tests of :mod:`mmpretrain.datasets.encoded`."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmpretrain.datasets.encoded import EncodedDataset
from mmpretrain.errors import ConfigError
from mmpretrain.registry import DATASETS

RED = np.full((3, 5, 3), (0, 0, 255), np.uint8)


class InMemory(EncodedDataset):
    def load_data_list(self):
        return [{"img_path": "red.png", "gt_label": 0}, {"img_path": "cut.png", "gt_label": 1}]

    def read_image(self, record):
        data = cv2.imencode(".png", RED)[1].tobytes()
        return data if record["img_path"] == "red.png" else data[:20]


def test_the_pipeline_reads_what_the_data_set_holds():
    dataset = InMemory(ann_file="", pipeline=[dict(type="LoadImageFromFile")])
    sample = dataset[0]
    assert np.array_equal(sample["img"], RED)
    assert sample["gt_label"] == 0


def test_an_error_names_the_image():
    dataset = InMemory(ann_file="", pipeline=[dict(type="LoadImageFromFile")])
    with pytest.raises(Exception, match=r"cut\.png"):
        dataset[1]


SOURCES = [
    dict(type="PackedDataset", data_root="packed"),
    dict(type="ShardDataset", shards="x.tar"),
    dict(type="HuggingFaceDataset", path="org/name"),
]


@pytest.mark.parametrize("cfg", SOURCES, ids=lambda cfg: cfg["type"])
@pytest.mark.parametrize(("name", "value"), [("ann_file", "list.txt"), ("data_prefix", {"img_path": "x"})])
def test_an_argument_without_effect_is_refused(cfg, name, value):
    with pytest.raises(ConfigError, match=rf"finds its samples by .*{name}=.* would have no effect"):
        DATASETS.build({**cfg, name: value})
