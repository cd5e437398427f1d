"""Maps from masked images and ablated channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmpretrain.explain.layout import Layout
from mmpretrain.explain.perturb import ablationcam, scorecam


class Net(nn.Module):
    """Scores that are the means of two channels: the red one, and the sum of all."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 1, bias=False)
        self.layer.weight.data = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]])[..., None, None]

    def forward(self, x: Tensor, mode: str = "tensor") -> Tensor:
        channels = self.layer(x).mean((2, 3))
        return torch.stack([channels[:, 0], channels[:, 3]], 1)


def test_a_channel_weighs_what_the_score_loses_without_it():
    net, image = Net(), torch.rand(1, 3, 4, 6)
    activations = net.layer(image).detach()
    layout = Layout("channels_first", (4, 6))
    for batch_size in (1, 3):
        weighted = ablationcam(net, image, "layer", layout, activations, 0, batch_size=batch_size)
        torch.testing.assert_close(weighted[0, 0], activations[0, 0])
        assert weighted[0, 1:].eq(0).all()


def test_a_channel_weighs_what_the_score_is_behind_it():
    net, image = Net(), torch.rand(1, 3, 4, 6)
    activations = net.layer(image).detach()
    flat = activations[0].flatten(1)
    low, high = flat.min(1)[0][:, None], flat.max(1)[0][:, None]
    masks = ((flat - low) / (high - low + 1e-8)).view(4, 1, 4, 6)
    expected = net(image * masks)[:, 1].softmax(0).detach()
    for batch_size in (1, 3):
        weighted = scorecam(net, image, activations, 1, batch_size=batch_size)
        torch.testing.assert_close(weighted[0], expected[:, None, None] * activations[0])
