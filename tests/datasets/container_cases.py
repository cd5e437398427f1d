"""What the tests of containers share."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from torch.utils.data import DataLoader

from mmpretrain.datasets import pseudo_collate
from mmpretrain.registry import DATASETS

PIPELINE = [dict(type="LoadImageFromFile")]

CLASSES = ("cat", "dog")

COUNT = 10


def encoded(index: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((4, 5, 3), index * 20, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def class_of(index: int) -> str:
    return CLASSES[index % 2]


def seen(dataset) -> set[tuple[int, int]]:
    """Pixel value and label of every sample."""
    samples = [dataset[i] for i in range(len(dataset))]
    return {(int(s["img"][0, 0, 0]), s["gt_label"]) for s in samples}


EXPECTED = {(i * 20, i % 2) for i in range(COUNT)}


def check(cfg):
    dataset = DATASETS.build({**cfg, "pipeline": PIPELINE})
    assert len(dataset) == COUNT
    assert dataset.CLASSES == CLASSES
    assert seen(dataset) == EXPECTED
    assert dataset.get_subset([3])[0]["img"].shape == (4, 5, 3)
    loader = DataLoader(dataset, batch_size=5, num_workers=1, collate_fn=pseudo_collate)
    assert {int(img[0, 0, 0]) for batch in loader for img in batch["img"]} == {i * 20 for i in range(COUNT)}
    return dataset
