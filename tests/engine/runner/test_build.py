"""Tests of :mod:`mmpretrain.engine.runner.build`."""

from __future__ import annotations

import torch

from mmpretrain.engine.runner.build import init_weights
from tests.engine import tiny


def test_channels_last(make_runner):
    """The weights that a seed gives are the same."""

    class Image(tiny.TinyModel):
        def __init__(self):
            super().__init__()
            self.stem = torch.nn.Conv2d(3, 4, 3)

        def init_weights(self):
            torch.nn.init.normal_(self.stem.weight)

        def forward(self, inputs, data_samples=None, mode="tensor"):
            self.stem(inputs.new_ones(1, 3, 4, 4))
            return super().forward(inputs, data_samples, mode)

    switched = make_runner(model=Image(), cfg=dict(device="cpu", channels_last=True))
    assert switched.model.stem.weight.is_contiguous(memory_format=torch.channels_last)
    plain = make_runner(model=Image())
    for runner in (switched, plain):
        torch.manual_seed(0)
        init_weights(runner)
    assert switched.model.stem.weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(switched.model.stem.weight, plain.model.stem.weight)
