"""Test-time augmentation on the device."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ConfigError
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


class Corner(nn.Module):
    """Scores that are the values of three pixels."""

    def forward(self, x):
        return (torch.stack([x[:, 0, 0, 0], x[:, 0, 1, 0], x[:, 0, 0, -1]], 1),)


def tta(**kwargs):
    module = dict(
        type="ImageClassifier",
        backbone=Corner(),
        head=dict(type="ClsHead"),
        data_preprocessor=dict(type="ClsDataPreprocessor"),
    )
    return MODELS.build(dict(type="ShiftFlipTTA", module=module, **kwargs)).eval()


def test_scores_are_averaged_before_softmax_with_the_weights_of_the_paper():
    images = torch.rand(2, 1, 4, 5)
    samples = [DataSample().set_gt_label(label) for label in (0, 1)]
    out = tta().test_step(dict(inputs=images, data_samples=samples))
    padded = torch.nn.functional.pad(images, (1, 1, 1, 1), mode="reflect")
    views = [(0.5, images), (0.25, padded[:, :, :4, :5]), (0.25, padded[:, :, 2:, 2:])]
    total = sum(w / 2 * (Corner()(v)[0] + Corner()(v.flip(3))[0]) for w, v in views)
    for sample, expected in zip(out, total.softmax(1)):
        torch.testing.assert_close(sample.pred_score, expected)
        # Two scores are the same but for rounding, as flips exchange their pixels.
        torch.testing.assert_close(expected[sample.pred_label.item()], expected.max())
    assert out[1].gt_label.item() == 1


def test_without_shift_or_flip():
    images = torch.rand(2, 1, 4, 5)
    model = tta(shift=0, flip=False)
    plain = model.module.test_step(dict(inputs=images, data_samples=None))
    ours = model.test_step(dict(inputs=images, data_samples=None))
    torch.testing.assert_close(ours[0].pred_score, plain[0].pred_score)
    assert len(list(tta(shift=0).views(images))) == 2


def test_mistakes():
    with pytest.raises(ConfigError, match="shift must be a number of pixels"):
        tta(shift=-1)
    headless = dict(type="ImageClassifier", backbone=Corner())
    with pytest.raises(ConfigError, match="needs a model with a classification head"):
        MODELS.build(dict(type="ShiftFlipTTA", module=headless))
