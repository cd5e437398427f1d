"""Tests of :mod:`mmpretrain.datasets.part_names`."""

from __future__ import annotations

import pytest

from mmpretrain.datasets.part_names import SPLIT_NAMES, named_like, part_called


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("train", "train"), ("Training_Set", "train"), ("train2017", "train"), ("训练集", "train"),
        ("VALID", "val"), ("dev", "val"), ("val_images", "val"), ("验证集", "val"),
        ("Test", "test"), ("testing set", "test"), ("testset", "test"), ("测试", "test"),
        ("trains", None), ("cat", None), ("", None), ("contest", None),
    ],
)  # fmt: skip
def test_parts(name: str, part: str | None) -> None:
    assert part_called(name) == part


def test_the_best_name_comes_first() -> None:
    present = ["Validation", "test", "cat", "Val", "val"]
    assert named_like(present, SPLIT_NAMES["val"]) == ["val", "Val", "Validation", "test"]
