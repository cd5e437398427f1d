"""RandAugment and its kin for batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.datasets import transforms
from mmpretrain.datasets.batched.operations import CHANGES
from mmpretrain.datasets.batched.policies import (
    BatchAutoAugment,
    BatchRandAugment,
    BatchTrivialAugmentWide,
    one_each,
)
from mmpretrain.errors import ConfigError, TransformError
from tests.datasets.batched.batched_cases import augment, draws, pictures, tensor

RAND = dict(
    policies="timm_increasing",
    num_policies=2,
    magnitude_level=9,
    magnitude_std=0.5,
    hparams=dict(pad_val=[104, 116, 124], interpolation="bicubic"),
)


@pytest.mark.parametrize("name", ["RandAugment", "TrivialAugmentWide", "AutoAugment"])
def test_the_mean_change_is_that_of_the_pipeline(name):
    arguments = dict(RandAugment=RAND, AutoAugment=dict(policies="imagenet")).get(name, {})
    images = pictures(count=400, height=24, width=24)
    ours = augment(tensor(images), dict(type=name, **arguments))[0].permute(0, 2, 3, 1).numpy()
    sibling = getattr(transforms, name)(**arguments)
    np.random.seed(0)
    theirs = np.stack([sibling(dict(img=image.copy()))["img"] for image in images]).astype(np.float32)
    assert 0 <= ours.min() <= ours.max() <= 255
    assert np.array_equal(ours, np.rint(ours))
    changes = [np.abs(out - images).mean((1, 2, 3)) for out in (ours, theirs)]
    assert changes[0].mean() == pytest.approx(changes[1].mean(), rel=0.15)
    assert (changes[0] == 0).mean() == pytest.approx((changes[1] == 0).mean(), abs=0.1)


def test_each_image_gets_one_operation():
    operations = [transforms.Invert(prob=1.0), transforms.Solarize(thr=0, prob=0.0)]
    images = torch.zeros(300, 3, 4, 4)
    out = one_each(operations, images, draws(300))
    assert set(out.unique().tolist()) == {0, 255}
    assert float(out.mean()) / 255 == pytest.approx(0.5, abs=0.1)


def test_all_operations_of_the_policies_exist():
    for transform in (
        BatchRandAugment(**RAND),
        BatchRandAugment("simple_increasing", 1, 5),
        BatchTrivialAugmentWide(),
    ):
        assert {type(operation).__name__ for operation in transform.operations} <= set(CHANGES)
    assert len(BatchAutoAugment("imagenet").policies) == 25


def test_mistakes():
    with pytest.raises(ConfigError, match="policies must be one of"):
        BatchRandAugment("timm_decreasing", 1, 5)
    with pytest.raises(ConfigError, match="no operation 'RandomErasing'"):
        BatchRandAugment([dict(type="RandomErasing")], 1, 5)
    with pytest.raises(TransformError, match="RandAugment of batch_transforms takes images of 8 bits"):
        augment(torch.zeros(2, 3, 8, 8, dtype=torch.int16), dict(type="RandAugment", **RAND))
