"""Momentum encoders: slow copies of a method's own encoder."""

from __future__ import annotations

from typing import Any

from torch import nn

from mmpretrain.models.averaged import ExponentialMovingAverage


def encoder_of(model: Any) -> nn.Sequential:
    """Return what a momentum encoder follows: the backbone, and the neck after it."""
    return nn.Sequential(model.backbone, model.neck)


def follow(model: Any, kind: type[ExponentialMovingAverage], momentum: float) -> ExponentialMovingAverage:
    """Make the momentum encoder of a method.

    Its keys are ``steps``, ``module.0.*`` (backbone) and ``module.1.*`` (neck). The first update copies the
    encoder, so that the encoder's initial or loaded weights count.

    Args:
        model: Has ``backbone`` and ``neck``.
        kind: The class of the average.
        momentum: The weight of the new value, a small number.
    """
    return kind(encoder_of(model), momentum=momentum)
