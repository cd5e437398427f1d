from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmpretrain.cli.demo_data import write_digits
from mmpretrain.datasets import CustomDataset, Digits
from mmpretrain.datasets.digits import load_digits
from mmpretrain.errors import ConfigError


def test_splits_are_disjoint_and_balanced():
    (train, _), (val, val_labels) = load_digits("train"), load_digits("val")
    assert (len(train), len(val)) == (1442, 355)
    assert np.bincount(val_labels).min() >= 34
    assert len({image.tobytes() for image in train} & {image.tobytes() for image in val}) == 0


def test_same_digits_as_scikit_learn_distributes():
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    ours = np.concatenate([load_digits("train")[0], load_digits("val")[0]])
    theirs = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    assert sorted(image.tobytes() for image in ours) == sorted(image.tobytes() for image in theirs)


def test_dataset():
    dataset = Digits(split="val", test_mode=True)
    record = dataset[0]
    assert record["img"].shape == (8, 8)
    assert record["img"].dtype == np.uint8
    assert dataset.metainfo["classes"] == tuple("0123456789")
    assert record["gt_label"] == load_digits("val")[1][0]


def test_unknown_split():
    with pytest.raises(ConfigError, match="'train' and 'val', got 'test'"):
        Digits(split="test")


def test_written_as_a_folder(tmp_path):
    assert write_digits(tmp_path) == {"train": 1442, "val": 355}
    folder = CustomDataset(data_root=str(tmp_path), data_prefix="val", pipeline=[])
    embedded = Digits(split="val")
    assert len(folder) == len(embedded)
    assert folder.metainfo["classes"] == embedded.metainfo["classes"]
    written = [np.asarray(Image.open(folder.get_data_info(i)["img_path"])).tobytes() for i in range(355)]
    assert sorted(written) == sorted(image.tobytes() for image in load_digits("val")[0])
