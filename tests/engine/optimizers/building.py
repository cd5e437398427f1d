"""What the tests of optimizers share."""

from __future__ import annotations

from pathlib import Path

from mmpretrain.engine.optimizers import (
    build_optim_wrapper,
)
from tests.engine.optimizers.optim_cases import (
    SGD,
)

FACTS = Path(__file__).parents[2] / "facts"


def wrap(model, **cfg):
    return build_optim_wrapper(model, {"optimizer": SGD, **cfg})
