"""All transforms of batches: kinds of images here, and the same numbers on a device."""

from __future__ import annotations

import pytest
import torch

from tests.datasets.batched.batched_cases import EXACT, ROUNDED, augment, named, pictures, tensor

SHAPES = [(8, 48, 56, 3), (1, 48, 56, 3), (3, 56, 48, 1), (2, 40, 40, 4), (2, 33, 47, 13)]


@pytest.mark.parametrize("config", [*EXACT, *ROUNDED], ids=named)
def test_kinds_of_images(config):
    for count, height, width, channels in SHAPES:
        images = tensor(pictures(count, height, width, channels))
        scores = torch.eye(count)
        whole, labels = augment(images, config, scores=scores)
        assert whole.dtype == torch.float32
        assert whole.shape[:2] == images.shape[:2]
        assert 0 <= whole.min() <= whole.max() <= 255
        torch.testing.assert_close(labels.sum(1), torch.ones(count))
        for dtype in (torch.float16, torch.bfloat16, torch.float64):  # which hold all bytes
            assert torch.equal(augment(images.to(dtype), config, scores=scores)[0], whole)
        apart = images.to(memory_format=torch.channels_last)
        assert (augment(apart, config, scores=scores)[0] - whole).abs().gt(0.5).float().mean() < 0.01


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float32], ids=str)
@pytest.mark.parametrize("config", [*EXACT, *ROUNDED], ids=named)
def test_a_gpu_gives_the_same(config, dtype):
    for count, height, width, channels in [*SHAPES, (64, 224, 192, 3)]:
        images = tensor(pictures(count, height, width, channels)).to(dtype)
        (here, here_labels), (there, there_labels) = (
            augment(images.to(device), config, scores=torch.eye(count, device=device))
            for device in ("cpu", "cuda")
        )
        assert there.device.type == "cuda"
        torch.testing.assert_close(there_labels.cpu(), here_labels)
        if config in EXACT:
            assert torch.equal(there.cpu(), here)
        else:
            apart = (there.cpu() - here).abs().gt(0.5).float().mean()
            assert apart < 0.02, f"{apart:.4f} of the values differ at {count, height, width, channels}"
