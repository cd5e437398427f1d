"""The numbers of a report about predicted values."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mmpretrain.evaluation.functional.regression import (
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
)
from mmpretrain.evaluation.functional.resampling import bootstrap
from mmpretrain.evaluation.value_record import ValueRecord
from mmpretrain.reports.areas import MOST_SAMPLES
from mmpretrain.reports.summary import RESAMPLES, Number


def value_numbers(record: ValueRecord, column: int) -> list[Number]:
    """Return the errors of one value, with intervals.

    Args:
        record: The predictions with the truth.
        column: Which value.
    """
    values, targets = (
        torch.from_numpy(array[:, column]).double() for array in (record.values, record.targets)
    )
    numbers = [
        _number("mae", mean_absolute_error, values, targets),
        _number("rmse", root_mean_squared_error, values, targets),
        _number("bias", lambda pred, target: (pred - target).mean(), values, targets),
    ]
    if len(record) > 1:
        numbers.insert(2, _number("r2", r2_score, values, targets))
    return numbers


def _number(name: str, metric: Callable[..., Tensor], *data: Tensor) -> Number:
    if len(data[0]) > MOST_SAMPLES or len(data[0]) < 2:
        return Number(name, float(metric(*data)), percent=False)
    return Number(name, *bootstrap(metric, *data, resamples=RESAMPLES), percent=False)
