"""Tests of :mod:`mmpretrain.models.selfsup.moco`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from tests.models.selfsup.cases import model_of
from tests.models.selfsup.facts import picture


def test_a_queue_wraps_around_whatever_the_batch():
    model = model_of("MoCo", queue_len=6)
    before = model.queue.clone()
    views = [picture((4, 3, 32, 32), 0, i) for i in range(2)]
    model(views, mode="loss")
    assert model.queue_ptr.item() == 4
    assert torch.equal(model.queue[:, 4:], before[:, 4:])
    model(views, mode="loss")
    assert model.queue_ptr.item() == 2
    assert not torch.equal(model.queue[:, 4:], before[:, 4:])
    with pytest.raises(ConfigError, match="A queue of 2 is shorter than a batch of 4 images"):
        model_of("MoCo", queue_len=2)(views, mode="loss")


def test_a_queue_of_other_features():
    views = [picture((4, 3, 32, 32), 0, i) for i in range(2)]
    with pytest.raises(ConfigError, match="puts out 8 channels, and the queue has 9"):
        model_of("MoCo", feat_dim=9)(views, mode="loss")
