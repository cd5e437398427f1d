"""Tests of :mod:`mmpretrain.models.classifiers.base`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.models.classifiers.base import BaseClassifier


class Flat(BaseClassifier):
    def forward(self, inputs, data_samples=None, mode="tensor"):
        return inputs

    def extract_feat(self, inputs, scale=1):
        return inputs.flatten(1) * scale


def test_features_of_several_batches():
    model = Flat()
    assert not model.with_neck
    assert not model.with_head
    feats = model.extract_feats([torch.ones(2, 3, 1, 1), torch.ones(1, 3, 1, 1)], scale=2)
    assert [tuple(feat.shape) for feat in feats] == [(2, 3), (1, 3)]
    assert feats[0].max() == 2
    with pytest.raises(TypeError, match="takes a sequence of batches"):
        model.extract_feats(torch.ones(2, 3, 1, 1))


def test_what_a_subclass_has_to_bring():
    class Bare(BaseClassifier):
        forward = Flat.forward

    with pytest.raises(NotImplementedError, match=r"Bare must implement extract_feat\(\)"):
        Bare().extract_feat(torch.ones(1))
