"""The hook that whitens the first layer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.engine.hooks import WhiteningHook
from mmpretrain.errors import ConfigError
from tests.engine import tiny


class Preprocessor(nn.Module):
    def forward(self, data, training=False):
        assert not training
        return data


class Whitened(tiny.TinyModel):
    def __init__(self):
        super().__init__()
        self.data_preprocessor = Preprocessor()
        self.seen = []

    def whiten_patches(self, images, eps):
        self.seen.append((images, eps))


def test_it_sees_images_of_the_whole_data_set_once(make_runner, tmp_path):
    runner = make_runner(model=Whitened(), custom_hooks=[dict(type="WhiteningHook", num_samples=8, eps=0.1)])
    state = torch.get_rng_state()
    points = runner.train_dataloader.dataset.points
    runner.call_hook("before_train")
    assert torch.equal(torch.get_rng_state(), state)
    ((images, eps),) = runner.model.seen
    assert images.shape == (8, 4)
    assert eps == 0.1
    assert (images - points[torch.linspace(0, 31, 8).long()]).abs().max() < 0.4  # the noise of the samples
    runner.state.iter = 3  # as when resumed
    runner.call_hook("before_train")
    assert len(runner.model.seen) == 1


def test_mistakes(make_runner):
    with pytest.raises(ConfigError, match="num_samples must be at least 1"):
        WhiteningHook(0)
    with pytest.raises(ConfigError, match="eps must be positive"):
        WhiteningHook(eps=0)
    runner = make_runner(custom_hooks=[dict(type="WhiteningHook")])
    with pytest.raises(ConfigError, match="finds no layer to whiten"):
        runner.call_hook("before_train")
