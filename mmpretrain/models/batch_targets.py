"""What a batch of samples is trained for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.structures import DataSample, batch_label_to_onehot, cat_batch_labels, tensor_split
from mmpretrain.structures.packed_samples import PackedSamples, has_field, stacked_field


@dataclass
class BatchTargets:
    """What a batch is trained for.

    Attributes:
        labels: The labels of all samples, one after the other.
        starts: Where those of each sample begin.
        scores: One-hot or mixed labels (B, K).
        values: Numbers to predict (B, D).
    """

    labels: Tensor | None = None
    starts: Any = ()
    scores: Tensor | None = None
    values: Tensor | None = None

    @classmethod
    def of(
        cls, samples: Sequence[DataSample], device: torch.device, to_onehot: bool, num_classes: int | None
    ) -> BatchTargets:
        """Collect the targets of samples.

        Args:
            samples: The samples; the first one says which targets there are.
            device: Where to put them.
            to_onehot: Make one-hot scores of labels.
            num_classes: Number of classes; by default that of the samples.

        Raises:
            ConfigError: If one-hot scores are asked for and the number of classes is not known.
            DataError: If a sample lacks what the first one has, or has more or fewer numbers.
        """
        targets = cls()
        if has_field(samples, "gt_label"):
            labels, targets.starts = _joined(samples)
            targets.labels = labels.to(device)
        if has_field(samples, "gt_score"):
            targets.scores = _stacked(samples, "gt_score").to(device)
        elif to_onehot and targets.labels is not None:
            classes = _class_count(samples, num_classes)
            targets.scores = batch_label_to_onehot(targets.labels, targets.starts, classes).to(device)
        if has_field(samples, "gt_value"):
            targets.values = _stacked(samples, "gt_value").to(device)
        return targets

    def joined(self) -> Tensor | None:
        """All that is mixed when images are: scores and values, (B, K + D)."""
        given = [item for item in (self.scores, self.values) if item is not None]
        return torch.cat(given, dim=1) if len(given) > 1 else given[0] if given else None

    def part(self, mixed: Tensor | None) -> None:
        """Take scores and values from what :meth:`joined` gave, mixed."""
        if mixed is None:
            return
        given = [item.shape[-1] for item in (self.scores, self.values) if item is not None]
        parts = iter(mixed.split(given, dim=-1))
        self.scores, self.values = (
            None if item is None else next(parts) for item in (self.scores, self.values)
        )

    def share_out(self, samples: Sequence[DataSample]) -> None:
        """Give each sample its own."""
        packed = PackedSamples.behind(samples)
        if packed is not None and self._fit(packed):
            labels = None if self.labels is None else self.labels.view(packed.size, -1)
            columns = {"gt_label": labels, "gt_score": self.scores, "gt_value": self.values}
            packed.stacked.update({name: values for name, values in columns.items() if values is not None})
            return
        if self.labels is not None:
            for sample, label in zip(samples, tensor_split(self.labels, self.starts)):
                sample.set_gt_label(label)
        if self.scores is not None:
            for sample, score in zip(samples, self.scores):
                sample.set_gt_score(score)
        if self.values is not None:
            for sample, value in zip(samples, self.values):
                sample.set_gt_value(value)

    def _fit(self, packed: PackedSamples) -> bool:
        """Whether each sample knows how many scores it should have."""
        return self.scores is None or set(packed.meta("num_classes")) == {self.scores.shape[1]}


def _joined(samples: Sequence[DataSample]) -> tuple[Tensor, list[int]]:
    """The labels of all samples, and where those of samples 2, 3, ... start."""
    packed = PackedSamples.behind(samples)
    if packed is None or "gt_label" not in packed.stacked:
        return cat_batch_labels([sample.gt_label for sample in samples])
    labels = packed.stacked["gt_label"]
    width = labels.shape[1]
    return labels.flatten(), [width * place for place in range(1, len(labels))]


def _stacked(samples: Sequence[DataSample], key: str) -> Tensor:
    """Put the numbers of all samples together, (B, K)."""
    if PackedSamples.behind(samples) is not None:
        return stacked_field(samples, key)
    count = len(samples[0].get(key))
    for sample in samples:
        found = 0 if key not in sample else len(sample.get(key))
        if found != count:
            raise DataError(
                f"a sample has {found} numbers in {key}, and another one of its batch {count}",
                where=sample.get("img_path"),
                hint="All samples of a data set need the same number.",
            )
    return stacked_field(samples, key)


def _class_count(samples: Sequence[DataSample], num_classes: int | None) -> int:
    count = num_classes or samples[0].get("num_classes")
    if count is None:
        raise ConfigError(
            "One-hot labels need the number of classes",
            where="data_preprocessor",
            hint="Set data_preprocessor=dict(num_classes=...).",
        )
    return count
