"""What the tests of heads share."""

from __future__ import annotations

import torch

from mmpretrain.structures import DataSample

FEATS = (torch.randn(4, 6, generator=torch.Generator().manual_seed(0)),)


def labelled(*labels: int) -> list[DataSample]:
    return [DataSample().set_gt_label(label) for label in labels]
