"""Tests of :mod:`mmpretrain.models.heads.levit_head`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.models import (
    EfficientFormerClsHead,
    LeViTClsHead,
)
from tests.models.heads.cases import FEATS, labelled


def test_levit_is_fused():
    head = LeViTClsHead(num_classes=3, in_channels=6)
    for _ in range(3):
        head((FEATS[0] * 2 + 1,))  # running statistics
    head.eval()
    expected = head(FEATS)
    head.switch_to_deploy()
    torch.testing.assert_close(head(FEATS), expected)
    deployed = LeViTClsHead(num_classes=3, in_channels=6, deploy=True)
    deployed.load_state_dict(head.state_dict())
    torch.testing.assert_close(deployed(FEATS), expected)
    with pytest.raises(ConfigError, match="needs in_channels"):
        LeViTClsHead(num_classes=3)


@pytest.mark.parametrize("head", [LeViTClsHead, EfficientFormerClsHead])
def test_distilled_heads_train(head):
    head = head(num_classes=3, in_channels=6)
    head.loss(FEATS, labelled(0, 1, 2, 0))["loss"].backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in head.parameters())
