"""The list of transforms of batches."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from mmpretrain.datasets.batched import BatchTransform, BatchTransforms
from mmpretrain.errors import ConfigError, DataError, NotRegisteredError
from mmpretrain.registry import BATCH_TRANSFORMS
from tests.datasets.batched.batched_cases import augment, keys, pictures, tensor

RECIPE = [
    dict(type="RandomResizedCrop", scale=24),
    dict(type="RandomFlip", prob=0.5),
    dict(
        type="RandAugment", policies="timm_increasing", num_policies=2, magnitude_level=7, magnitude_std=0.5
    ),
    dict(type="ColorJitter", brightness=0.3, hue=0.1),
    dict(type="RandomGrayscale", prob=0.2),
    dict(type="RandomErasing", mode="rand", fill_std=20),
]


def test_a_sample_comes_out_the_same_in_any_batch():
    images = tensor(pictures(count=24))
    transforms = BatchTransforms(RECIPE)
    whole, _ = transforms(images, None, keys(24))
    parts = [transforms(images[s : s + 5], None, keys(24)[s : s + 5])[0] for s in range(0, 24, 5)]
    assert torch.allclose(torch.cat(parts), whole, atol=1)
    assert (torch.cat(parts) != whole).float().mean() < 1e-3
    assert torch.equal(transforms(images, None, keys(24))[0], whole)
    assert not torch.equal(transforms(images, None, keys(24, epoch=1))[0], whole)
    assert pickle.loads(pickle.dumps(transforms)) is not None
    assert copy.deepcopy(transforms).mixes is False


def test_autocast_and_layout_change_nothing():
    images = tensor(pictures())
    whole, _ = augment(images, *RECIPE)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(augment(images, *RECIPE)[0], whole)
    last = images.contiguous(memory_format=torch.channels_last)
    assert (augment(last, *RECIPE)[0] != whole).float().mean() < 1e-3
    assert torch.equal(augment(images.float(), *RECIPE)[0], whole)
    assert torch.equal(augment(list(images), *RECIPE)[0], whole)


def test_images_of_the_loader_are_not_changed():
    images = tensor(pictures()).float()
    before = images.clone()
    augment(images, *RECIPE, dict(type="CutMix", alpha=1.0), scores=torch.eye(6))
    assert torch.equal(images, before)


def test_resized_floats_may_end_below_zero():
    """Bicubic interpolation overshoots where bytes are cut; only values of one digit are normalised."""
    images = tensor(pictures()).float()
    images[0, :, :2] = -40
    assert augment(images, dict(type="RandomFlip", prob=1.0))[0].shape == images.shape


def test_without_keys_torch_draws():
    images = tensor(pictures())
    transforms = BatchTransforms(RECIPE)
    torch.manual_seed(0)
    first = transforms(images, None)[0]
    second = transforms(images, None)[0]
    torch.manual_seed(0)
    assert torch.equal(transforms(images, None)[0], first)
    assert not torch.equal(first, second)


def test_a_transform_of_the_user():
    @BATCH_TRANSFORMS.register_module()
    class Darken(BatchTransform):
        def apply(self, images, draws):
            return images * torch.from_numpy(draws.uniform(0.5, 1)).float().view(-1, 1, 1, 1)

    out, _ = augment(torch.full((50, 2, 3, 3), 100.0), dict(type="Darken"))
    assert 50 <= out.min() < out.max() <= 100


def test_mistakes():
    images = tensor(pictures(count=2))
    with pytest.raises(ConfigError, match="must be a list of dicts"):
        BatchTransforms(dict(type="RandomFlip"))
    with pytest.raises(NotRegisteredError, match="RandomFlipp"):
        BatchTransforms([dict(type="RandomFlipp", prob=0.5)])
    with pytest.raises(DataError, match="images of one size, got"):
        augment([images[0], images[1][:, :-1]], dict(type="RandomFlip", prob=0.5))
    with pytest.raises(DataError, match="take images"):
        augment(images[0], dict(type="RandomFlip", prob=0.5))
    with pytest.raises(DataError, match="Take Normalize out of the pipeline"):
        augment((images.float() - 120) / 60, dict(type="RandomFlip", prob=0.5))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_draws_and_computes_the_same():
    images = tensor(pictures(count=64))
    recipe = [*RECIPE, dict(type="CutMix", alpha=1.0)]
    here, there = (augment(images.to(d), *recipe, scores=torch.eye(64, device=d)) for d in ("cpu", "cuda"))
    torch.testing.assert_close(there[1].cpu(), here[1])
    assert float((there[0].cpu() != here[0]).float().mean()) < 0.02
