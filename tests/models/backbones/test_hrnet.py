"""What is special about HRNet; what all backbones promise is in tests/contracts."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import HRNet


def stages(**changes):
    """Four small stages; ``changes`` are ``stage2=dict(...)`` and so on."""
    widths = {1: (8,), 2: (8, 12), 3: (8, 12, 16), 4: (8, 12, 16, 24)}
    return {
        f"stage{i}": {
            "num_modules": 1,
            "num_branches": i,
            "block": "BOTTLENECK" if i == 1 else "BASIC",
            "num_blocks": (1,) * i,
            "num_channels": widths[i],
            **changes.get(f"stage{i}", {}),
        }
        for i in (1, 2, 3, 4)
    }


@torch.no_grad()
def test_sizes_that_are_no_multiple_of_32():
    model = HRNet(extra=stages()).eval()
    assert [tuple(x.shape[2:]) for x in model(torch.rand(1, 3, 70, 50))] == [(18, 13), (9, 7), (5, 4), (3, 2)]


def test_the_finest_scale_alone():
    (out,) = HRNet(extra=stages(), multiscale_output=False).eval()(torch.rand(1, 3, 64, 64))
    assert out.shape == (1, 8, 16, 16)


def test_norm_cfg_holds_for_the_first_stage():
    model = HRNet(extra=stages(), norm_cfg={"type": "GN", "num_groups": 4})
    assert not [name for name, m in model.named_modules() if isinstance(m, nn.BatchNorm2d)]


def test_zero_init_residual_lets_blocks_start_as_identities():
    model = HRNet(extra=stages(), zero_init_residual=True)
    model.init_weights()
    assert not model.stage4[0].branches[3][0].bn2.weight.any()
    assert model.layer1[0].bn3.weight.all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stage3": {"num_blocks": (1,)}}, r"stage3.*as many num_blocks"),
        ({"stage1": {"num_branches": 2, "num_blocks": (1, 1), "num_channels": (8, 8)}}, "stage1 has one"),
        ({"stage2": {"block": "basic"}}, "BASIC or BOTTLENECK"),
    ],
)
def test_stages_that_do_not_fit(changes, message):
    with pytest.raises(ArgumentError, match=message):
        HRNet(extra=stages(**changes))


def test_a_stage_that_is_missing():
    extra = stages()
    del extra["stage4"]
    with pytest.raises(ArgumentError, match="stage4"):
        HRNet(extra=extra)
