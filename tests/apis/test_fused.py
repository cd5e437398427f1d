"""Convolutions that run with what follows them give the same maps."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmpretrain.apis.fused import FusedConv, fuse
from mmpretrain.models.backbones import ResNet


class Block(nn.Module):
    """A convolution, something added, and an activation, in the ways that networks write it."""

    def __init__(self, act, how):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.norm = nn.Identity()
        self.act, self.how = act, how

    def forward(self, x):
        out = self.norm(self.conv(x))
        if self.how == "added in place":
            out += x
        elif self.how == "added":
            out = x + out
        elif self.how == "used twice":
            return self.act(out) + out
        elif self.how == "scaled":
            out = out + 1
        return self.act(out)


def fused_convs(model):
    return [
        m for m in getattr(model.forward, "__self__", nn.Identity()).modules() if isinstance(m, FusedConv)
    ]


ACTS = [nn.ReLU(), nn.ReLU(inplace=True), F.relu, nn.ReLU6(), nn.Hardswish(), nn.SiLU()]


@pytest.mark.parametrize(
    ("act", "how"),
    [
        *((act, "alone") for act in ACTS),
        *((act, how) for act in ACTS[:3] for how in ("added", "added in place")),
    ],
    ids=lambda act: getattr(act, "__name__", str(act)),
)
def test_what_is_fused(act, how):
    model = Block(act, how).eval()
    image = torch.randn(2, 4, 5, 6)
    with torch.inference_mode():
        expected = model(image)
        assert fuse(model)
        torch.testing.assert_close(model(image), expected)
        assert model(image[:1, :, :3]).shape == (1, 4, 3, 6), "images of any size and number"
    assert len(fused_convs(model)) == 1


@pytest.mark.parametrize(("act", "how"), [(ACTS[0], "used twice"), (ACTS[0], "scaled"), (nn.SiLU(), "added")])
def test_what_is_not(act, how):
    model = Block(act, how).eval()
    assert not fuse(model)
    assert "forward" not in vars(model)


def test_a_network_whose_steps_depend_on_the_image():
    class Odd(Block):
        def forward(self, x):
            return super().forward(x) if x.sum() > 0 else x

    assert not fuse(Odd(nn.ReLU(), "alone"))


def test_a_resnet_is_fused_throughout():
    torch.manual_seed(0)
    model = ResNet(
        18, base_channels=8, stem_channels=8, out_indices=(0, 3), norm_cfg=dict(type="GN", num_groups=2)
    )
    assert not fuse(model.eval()), "norms stand between"
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.GroupNorm):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, nn.Identity())
    image = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        expected = model(image)
        assert fuse(model)
        for found, wanted in zip(model(image), expected):
            torch.testing.assert_close(found, wanted)
    assert len(fused_convs(model)) == 1 + 2 * 8
