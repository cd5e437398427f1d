"""What is special about Vision GNN; the rest is in tests/contracts and tests/golden."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import PyramidVig, Vig

ARCH = {"num_blocks": 2, "channels": 32}


def test_the_stem_trains_and_any_size_fits():
    model = Vig(ARCH, k=2).train()
    assert model.stem[1].training
    assert not Vig(ARCH, k=2, frozen_stages=1).stem[1].training
    assert model.eval()(torch.rand(1, 3, 64, 96))[0].shape == (1, 32, 4, 6)


@pytest.mark.parametrize("kind", ["mr", "edge", "sage", "gin"])
def test_kinds_of_graph_convolutions(kind):
    model = Vig(ARCH, k=2, graph_conv_type=kind, use_stochastic=True, epsilon=1.0, relative_pos=True).train()
    model(torch.rand(2, 3, 64, 64))[0].square().mean().backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
    with pytest.raises(ArgumentError, match="no graph convolution"):
        PyramidVig("tiny", graph_conv_type="gat")
