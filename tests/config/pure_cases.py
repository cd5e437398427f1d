"""What the tests of configs in pure Python share."""

from __future__ import annotations

BASE = """
    from mmpretrain.models import LeNet5
    from torch import nn

    model = dict(
        type=LeNet5,
        num_classes=10,
        act=nn.ReLU)
    schedule = dict(lr=1, steps=[3, 6])
"""

CHILD = """
    from mmengine.config import read_base

    with read_base():
        from .._base_.model import *
        from .._base_.extra import extra as renamed

    import math
    import torch.optim as optim

    model.update(dict(num_classes=20))
    schedule.steps[1] = 9
    schedule.merge(dict(lr=math.sqrt(4)))
    optimizer_type = optim.SGD
    copy_of_type = dict(type=LeNet5)
"""
