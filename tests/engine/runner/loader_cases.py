"""What the tests of loading share."""

from __future__ import annotations

import torch

from mmpretrain.engine.runner.dataloader import start_epoch


def batches(loader, epoch=0, skip=0):
    return [batch["inputs"] for batch in start_epoch(loader, epoch, skip)]


def same(a, b):
    return len(a) == len(b) and all(map(torch.equal, a, b))
