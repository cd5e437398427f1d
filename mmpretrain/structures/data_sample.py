"""The record of one sample."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np
import torch
from typing_extensions import Self

from mmpretrain.errors import DataError
from mmpretrain.structures.base_data_element import BaseDataElement
from mmpretrain.structures.utils import (
    LabelLike,
    ScoreLike,
    ValueLike,
    format_label,
    format_score,
    format_value,
)


class DataSample(BaseDataElement):
    """The data of one image: ground truth, predictions, and where it comes from.

    Fields with a fixed meaning (any others may be added):

    - metainfo: ``img_shape`` and ``ori_shape`` as (H, W), ``sample_idx``, ``num_classes``, ``img_path``;
    - data: ``gt_label`` and ``pred_label``, (L,) class indices (L = 1 unless multi-label); ``gt_score`` and
      ``pred_score``, (C,) one number per class; ``gt_value`` and ``pred_value``, (D,) measured quantities;
      ``mask`` for masked image modelling.

    Example:
        >>> sample = DataSample(metainfo=dict(img_shape=(960, 720))).set_gt_label(3)
        >>> sample.set_pred_score([0.1, 0.2, 0.1, 0.6]).num_classes
        4
        >>> sample.gt_label
        tensor([3])
    """

    gt_label: torch.Tensor
    gt_score: torch.Tensor
    pred_label: torch.Tensor
    pred_score: torch.Tensor
    gt_value: torch.Tensor
    pred_value: torch.Tensor
    mask: torch.Tensor
    num_classes: int

    def set_gt_label(self, value: LabelLike) -> Self:
        """Set ``gt_label``: one class index, or several."""
        self.set_field(format_label(value), "gt_label")
        return self

    def set_pred_label(self, value: LabelLike) -> Self:
        """Set ``pred_label``: one class index, or several."""
        self.set_field(format_label(value), "pred_label")
        return self

    def set_gt_score(self, value: ScoreLike) -> Self:
        """Set ``gt_score``: one number per class."""
        return self._set_score("gt_score", value)

    def set_pred_score(self, value: ScoreLike) -> Self:
        """Set ``pred_score``: one number per class."""
        return self._set_score("pred_score", value)

    def _set_score(self, name: str, value: ScoreLike) -> Self:
        score = format_score(value)
        num_classes = self.get("num_classes")
        if num_classes is None:
            self.set_field(len(score), "num_classes", field_type="metainfo")
        elif len(score) != num_classes:
            raise DataError(
                f"{name} has {len(score)} values, but the sample's num_classes is {num_classes}",
                where=self.get("img_path"),
            )
        self.set_field(score, name)
        return self

    def set_gt_value(self, value: ValueLike) -> Self:
        """Set ``gt_value``: one measured quantity, or several, such as an age or two coordinates."""
        self.set_field(format_value(value), "gt_value")
        return self

    def set_pred_value(self, value: ValueLike) -> Self:
        """Set ``pred_value``: one predicted quantity, or several."""
        self.set_field(format_value(value), "pred_value")
        return self

    def set_mask(self, value: torch.Tensor | np.ndarray) -> Self:
        """Set ``mask``."""
        mask = torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        self.set_field(mask, "mask", dtype=torch.Tensor)
        return self


def _reduce(sample: DataSample) -> tuple:
    """Send tensors as arrays: each tensor sent between processes would hold a file descriptor open."""
    fields = vars(sample)
    tensors = [
        name
        for name, value in fields.items()
        if isinstance(value, torch.Tensor) and value.dtype != torch.bfloat16  # which NumPy does not know
    ]
    arrays = {name: fields[name].detach().cpu().numpy() for name in tensors}
    return _rebuild, (type(sample), {**fields, **arrays}, tensors)


def _rebuild(cls: type[DataSample], fields: dict[str, Any], tensors: Sequence[str]) -> DataSample:
    sample = cls()
    vars(sample).update(fields)
    vars(sample).update({name: torch.from_numpy(fields[name]) for name in tensors})
    return sample


ForkingPickler.register(DataSample, _reduce)
