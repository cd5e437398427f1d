"""Which way a metric gets better, from its name."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.utils.better import which_is_better


@pytest.mark.parametrize(
    ("metric", "way"),
    [
        ("accuracy/top1", "greater"),
        ("mIoU", "greater"),
        ("loss", "less"),
        ("val_LOSS", "less"),
        ("auc", "greater"),
        ("regression/mae", "less"),
        ("calibration/ece", "less"),
        ("ordinal/kappa", "greater"),
        ("regression/r2", "greater"),
        ("single-label/f1-score", "greater"),
        ("multi-label/recall", "greater"),
        ("multi-label/mAP", "greater"),
    ],
)
def test_known_names(metric, way):
    assert which_is_better(metric) == way


def test_the_whole_name_counts_before_its_parts():
    assert which_is_better("top_loss", greater=("top",), less=("top_loss",)) == "less"


def test_a_name_that_does_not_say():
    with pytest.raises(ConfigError, match="'score' does not say whether greater or less"):
        which_is_better("score")
