"""Explanations of PyTorch's errors about tensors whose sizes do not fit."""

from __future__ import annotations

import re

from mmpretrain.errors import ConfigError, MMPretrainError

#: What PyTorch says -> what it means, and what to do. The groups of the pattern are the numbers to name.
MISFITS: tuple[tuple[str, str, str], ...] = (
    (
        r"expected input\[[^]]*\] to have (\d+) channels, but got (\d+) channels",
        "a convolution takes {0} channels, and gets {1}",
        "If it is the first one, set in_channels={1} in model.backbone, or load images of {0} channels "
        "(color_type of LoadImageFromFile).",
    ),
    (
        r"mat1 and mat2 shapes cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)",
        "a linear layer takes {1} features, and gets {0}",
        "Compare in_channels of model.head with what model.neck and model.backbone give, and the size of the "
        "images with what model.backbone takes.",
    ),
    (
        r"Expected more than 1 value per channel when training, got input size torch.Size\(\[(\d+), (\d+)",
        "batch norm needs more than {0} value of a channel in training",
        "Use a larger batch_size, and drop_last=True if the last batch is of a single image.",
    ),
    (
        r"Target (\d+) is out of bounds",
        "a label is {0}, but the head has no such class",
        "Set num_classes in model.head to the number of classes of the data; labels count from 0.",
    ),
)


def explain_misfit(message: str) -> MMPretrainError | None:
    """Explain what PyTorch says when a model cannot be run on a batch; None if that is not known."""
    for pattern, meaning, advice in MISFITS:
        if match := re.search(pattern, message):
            return ConfigError(meaning.format(*match.groups()), hint=advice.format(*match.groups()))
    return None
