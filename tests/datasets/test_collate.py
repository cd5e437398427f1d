from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mmpretrain.datasets import default_collate, pseudo_collate
from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.errors import DataError
from mmpretrain.registry import FUNCTIONS
from mmpretrain.structures import DataSample, MultiTaskDataSample


class Pair(NamedTuple):
    a: torch.Tensor
    b: int


def sample(index):
    data_sample = DataSample(metainfo={"img_path": f"{index}.jpg", "img_shape": (4, 4)})
    return {
        "inputs": torch.full((3, 4, 4), index, dtype=torch.uint8),
        "data_samples": data_sample.set_gt_label(index),
    }


class Samples:
    def __init__(self, make=sample):
        self.make = make

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return self.make(index)


def test_registered():
    assert FUNCTIONS.get("default_collate") is default_collate
    assert FUNCTIONS.get("mmengine.pseudo_collate") is pseudo_collate


def test_stacks_can_be_made_in_given_memory():
    memory = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    batch = default_collate([sample(0), sample(1)], empty=lambda shape, dtype: memory)
    assert batch["inputs"] is memory
    assert torch.equal(memory, default_collate([sample(0), sample(1)])["inputs"])


def test_what_is_no_stack_of_plain_tensors_is_left_to_torch():
    def never(shape, dtype):
        raise AssertionError

    arrays = [np.zeros(2), np.ones(2)]
    assert torch.equal(default_collate(arrays, empty=never), default_collate(arrays))
    assert default_collate([1, 2], empty=never).tolist() == [1, 2]


@pytest.mark.parametrize("workers", [0, 1])
def test_batch(workers):
    loader = DataLoader(Samples(), batch_size=4, num_workers=workers, collate_fn=default_collate)
    batch = next(iter(loader))
    assert batch["inputs"].shape == (4, 3, 4, 4)
    assert batch["inputs"].dtype == torch.uint8
    samples = batch["data_samples"]
    assert isinstance(samples, list)
    assert isinstance(samples, LazyList) == (workers > 0)
    assert len(samples) == 4
    assert [s.gt_label.tolist() for s in samples] == [[0], [1], [2], [3]]
    assert samples[2].img_path == "2.jpg"
    assert samples[2].metainfo["img_shape"] == (4, 4)
    assert type(samples[0]) is DataSample


def test_images_of_different_sizes():
    def make(index):
        return {"inputs": torch.zeros(3, 4, 4 + index), "data_samples": sample(index)["data_samples"]}

    data = [make(0), make(1)]
    batch = pseudo_collate(data)
    assert [tuple(x.shape) for x in batch["inputs"]] == [(3, 4, 4), (3, 4, 5)]
    assert batch["data_samples"][1].gt_label.item() == 1
    with pytest.raises(DataError, match=r"\(3, 4, 4\), \(3, 4, 5\) cannot be stacked|different shapes"):
        default_collate(data)


def test_containers():
    batch = default_collate([{"a": (1, "x"), "b": [np.ones(2)]}, {"a": (2, "y"), "b": [np.zeros(2)]}])
    assert batch["a"][0].tolist() == [1, 2]
    assert batch["a"][1] == ["x", "y"]
    assert batch["b"][0].tolist() == [[1, 1], [0, 0]]
    pair = default_collate([Pair(torch.ones(1), 1), Pair(torch.zeros(1), 2)])
    assert isinstance(pair, Pair)
    assert pair.b.tolist() == [1, 2]
    assert pseudo_collate([{"n": 1}, {"n": 2}]) == {"n": [1, 2]}
    with pytest.raises(DataError, match="different lengths"):
        default_collate([[1], [1, 2]])


def test_views_of_one_image_stack_each():
    batch = default_collate([{"inputs": [torch.zeros(2), torch.ones(3)]} for _ in range(2)])
    assert [tuple(view.shape) for view in batch["inputs"]] == [(2, 2), (2, 3)]


def test_skipped_samples_are_dropped():
    assert default_collate([sample(0), None])["inputs"].shape[0] == 1
    assert default_collate([None, None]) is pseudo_collate([None]) is None


def test_other_kinds_of_samples_travel_as_they_are():
    def make(index):
        task = MultiTaskDataSample()
        task.set_field(DataSample().set_gt_label(index), "t")
        return {"data_samples": task}

    batch = next(iter(DataLoader(Samples(make), batch_size=2, num_workers=1, collate_fn=default_collate)))
    assert batch["data_samples"][1].t.gt_label.item() == 1
