"""One forward pass, and what layers put out in it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmpretrain.explain.trace import run


class InPlace(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(2).eval()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor, mode: str = "tensor") -> Tensor:
        out = self.norm(x)
        out += x
        return self.relu(out).mean((2, 3))


def test_layers_that_work_in_place():
    """Values are those that the network passes on; gradients belong to what the layer put out."""
    net, x = InPlace(), torch.randn(1, 2, 3, 4, generator=torch.Generator().manual_seed(0))
    trace = run(net, x.requires_grad_(), {"norm": net.norm})
    torch.testing.assert_close(trace.values["norm"], (2 * x).relu(), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(trace.outputs["norm"], x, atol=1e-4, rtol=1e-4)
    gradient = trace.gradients(["norm"], trace.scores[0, 1])["norm"]
    assert gradient[0, 0].eq(0).all()
    torch.testing.assert_close(gradient[0, 1], (x[0, 1] > 0) / 12)
    assert not trace.is_only_way("norm")
    assert not net.norm._forward_hooks


def test_the_only_way_back_to_the_image():
    net = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    net.forward = lambda x, mode: nn.Sequential.forward(net, x)
    trace = run(net, torch.rand(1, 3, 4, 4).requires_grad_(), {"1": net[1]})
    assert trace.is_only_way("1")


def test_outputs_can_be_changed():
    net = InPlace()
    trace = run(net, torch.ones(1, 2, 2, 2), {"norm": net.norm}, changes={"norm": lambda t: t * 0})
    torch.testing.assert_close(trace.scores, torch.ones(1, 2))
