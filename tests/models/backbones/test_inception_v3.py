"""What is special about Inception V3."""

from __future__ import annotations

import torch

from mmpretrain.models.backbones import InceptionV3


def test_the_auxiliary_classifier_works_in_training_only():
    model = InceptionV3(num_classes=5, aux_logits=True)
    x = torch.rand(2, 3, 299, 299)
    with torch.no_grad():
        aux, scores = model(x)
        assert (aux.shape, scores.shape) == ((2, 5), (2, 5))
        aux, scores = model.eval()(x[:1])
    assert aux is None
    assert scores.shape == (1, 5)
