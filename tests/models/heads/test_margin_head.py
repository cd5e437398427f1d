"""Tests of :mod:`mmpretrain.models.heads.margin_head`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.models import (
    ArcFaceClsHead,
)
from tests.models.heads.cases import FEATS, labelled


def test_margins(tmp_path):
    path = tmp_path / "margins.txt"
    path.write_text("0.1\n0.2\n0.3\n")
    head = ArcFaceClsHead(num_classes=3, in_channels=6, margins=str(path))
    assert head.margins.tolist() == pytest.approx([0.1, 0.2, 0.3])
    head.set_margins(0.4)
    assert head.margins.tolist() == pytest.approx([0.4] * 3)
    assert list(head.state_dict()) == ["norm_product.weight"]
    with pytest.raises(ConfigError, match="2 margins for 3 classes"):
        head.set_margins([0.1, 0.2])
    with pytest.raises(ConfigError, match="num_subcenters"):
        ArcFaceClsHead(num_classes=3, in_channels=6, num_subcenters=0)


def test_margin_at_angle_zero():
    """A feature right on its centre has finite loss and gradient."""
    head = ArcFaceClsHead(num_classes=3, in_channels=6)
    head.norm_product.weight.data[0] = FEATS[0][0]
    feats = (FEATS[0][:1].clone().requires_grad_(),)
    loss = head.loss(feats, labelled(0))["loss"]
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(feats[0].grad).all()
