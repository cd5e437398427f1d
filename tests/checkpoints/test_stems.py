"""Tests of :mod:`mmpretrain.checkpoints.stems`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.checkpoints.stems import adapt_stem
from mmpretrain.errors import CheckpointError
from mmpretrain.models.backbones import ResNet, VisionTransformer

RGB = torch.tensor([1.0, 2.0, 6.0]).reshape(1, 3, 1, 1)


@pytest.mark.parametrize(
    ("channels", "weights"),
    [
        (1, [9.0]),
        (2, [1.5, 3.0]),
        (4, [0.75, 1.5, 4.5, 0.75]),
        (6, [0.5, 1.0, 3.0, 0.5, 1.0, 3.0]),
    ],
)
def test_the_rule_by_hand(channels, weights):
    assert adapt_stem(RGB, channels).flatten().tolist() == pytest.approx(weights)


def test_a_grey_image_gives_what_its_colour_twin_gives():
    weight, grey = torch.randn(8, 3, 3, 3), torch.randn(2, 1, 9, 9)
    expected = nn.functional.conv2d(grey.expand(-1, 3, -1, -1), weight)
    torch.testing.assert_close(nn.functional.conv2d(grey, adapt_stem(weight, 1)), expected)
    twin = nn.functional.conv2d(grey.expand(-1, 6, -1, -1), adapt_stem(weight, 6))
    torch.testing.assert_close(twin, expected)
    back = adapt_stem(adapt_stem(weight, 1), 3)
    torch.testing.assert_close(nn.functional.conv2d(grey.expand(-1, 3, -1, -1), back), expected)


@pytest.mark.parametrize(
    ("build", "key"),
    [
        (lambda n: ResNet(18, in_channels=n), "conv1.weight"),
        (
            lambda n: VisionTransformer(
                {"embed_dims": 16, "num_layers": 1, "num_heads": 2, "feedforward_channels": 16},
                img_size=32, in_channels=n,
            ),
            "patch_embed.projection.weight",
        ),
    ],
)  # fmt: skip
def test_pretrained_weights_of_three_channels(build, key):
    theirs, ours = build(3), build(13)
    report = load_into(ours, theirs.state_dict())
    assert list(report.adapted) == [key]
    assert report.mismatched == {}
    assert len(report.loaded) == report.total
    assert f"{key} 3 -> 13 channels (repeated, times 3/13)" in report.summary()
    torch.testing.assert_close(ours.state_dict()[key], adapt_stem(theirs.state_dict()[key], 13))
    with pytest.raises(CheckpointError, match=r"3 -> 13"):
        load_into(build(13), theirs.state_dict(), strict=True)


def test_other_sizes_are_left_alone():
    class Net(nn.Module):
        def __init__(self, first, second, groups=1):
            super().__init__()
            self.a = nn.Conv2d(first, 8, 3)
            self.b = nn.Conv2d(second, 8, 3, groups=groups)
            self.fc = nn.Linear(8, 8)

    report = load_into(Net(5, 16), Net(3, 8).state_dict())
    assert list(report.adapted) == ["a.weight"]
    assert list(report.mismatched) == ["b.weight"]
    assert "3 -> 5 channels (repeated, times 3/5)" in report.summary()
    assert "summed" in load_into(Net(1, 8), Net(3, 8).state_dict()).summary()
    assert load_into(Net(3, 8), Net(3, 8).state_dict()).adapted == {}
