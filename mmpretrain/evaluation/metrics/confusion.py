"""Confusion matrix over a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from mmpretrain.evaluation.functional.confusion import confusion_matrix
from mmpretrain.evaluation.metrics.base import BaseMetric, Device, by_batch, fields_of, pick
from mmpretrain.evaluation.metrics.columns import Columns, joined
from mmpretrain.registry import METRICS
from mmpretrain.utils.fonts import figure_fonts

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@METRICS.register_module()
class ConfusionMatrix(BaseMetric):
    """Counts how often samples of one class (row) were taken for another (column).

    Args:
        num_classes: Number of classes, for predictions without scores; the data set or the samples may tell,
            too.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.

    Example:
        >>> ConfusionMatrix.calculate([0, 1, 1], [0, 1, 0], num_classes=2)
        tensor([[1, 1],
                [0, 1]])
    """

    default_prefix = "confusion_matrix"

    def __init__(
        self, num_classes: int | None = None, collect_device: Device = "cpu", prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.num_classes = num_classes

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep the predicted and the right label of each sample."""
        wanted = ("pred_score", "pred_label"), "gt_label"
        fields, classes = fields_of(data_samples, *wanted), 0
        if "pred_score" in fields:
            scores = torch.stack(fields.pop("pred_score"))
            classes = scores.size(1)
            fields["pred_label"] = [*scores.argmax(dim=1, keepdim=True)]
        elif fields:
            classes = self.num_classes or len((self.dataset_meta or {}).get("classes") or ())
            classes = classes or data_samples[0].get("num_classes") or 0
        if fields:  # with each sample, as the process that computes the matrix may have none
            self.num_classes = classes or None
            fields["num_classes"] = [torch.full((1,), classes)] * len(data_samples)
        if not by_batch(self):
            self.results += pick([dict(zip(fields, row)) for row in zip(*fields.values())], *fields)
        elif fields:
            self.results.append(Columns(**{name: torch.cat(values) for name, values in fields.items()}))

    def compute_metrics(self, results: list[dict[str, Tensor]] | Columns) -> dict[str, Tensor]:
        """Return the matrix (C, C) as ``result``."""
        columns = results if isinstance(results, Columns) else joined(results)
        num_classes = int(columns["num_classes"].max()) or None
        return {"result": self.calculate(columns["pred_label"], columns["gt_label"], num_classes)}

    #: For predictions that are given directly.
    calculate = staticmethod(confusion_matrix)

    @staticmethod
    def plot(
        confusion_matrix: Tensor,
        include_values: bool = False,
        cmap: str = "viridis",
        classes: Sequence[str] | None = None,
        colorbar: bool = True,
        show: bool = True,
    ) -> Figure:
        """Draw a matrix.

        Args:
            confusion_matrix: Counts (C, C).
            include_values: Whether to write the counts into the cells.
            cmap: Colour map of matplotlib.
            classes: Names of the classes; by default their numbers.
            colorbar: Whether to draw the scale of the colours.
            show: Whether to open a window.
        """
        from matplotlib import pyplot as plt

        counts = confusion_matrix.cpu().numpy()
        figure, axes = plt.subplots(figsize=(10, 10))
        image = axes.imshow(counts, interpolation="nearest", cmap=cmap)
        if colorbar:
            figure.colorbar(image, ax=axes)
        if include_values:
            darkest, brightest = image.cmap(0), image.cmap(1.0)
            middle = (counts.max() + counts.min()) / 2
            for (row, column), count in np.ndenumerate(counts):
                colour = brightest if count < middle else darkest
                axes.text(column, row, f"{count:d}", ha="center", va="center", color=colour)
        ticks = range(len(counts))
        names = classes or [str(tick) for tick in ticks]
        font = figure_fonts(*names)
        axes.set_xticks(ticks, names, **font)
        axes.set_yticks(ticks, names, **font)
        axes.set(xlabel="Predicted label", ylabel="True label")
        axes.xaxis.tick_top()
        figure.autofmt_xdate(ha="center")
        if show:
            plt.show()
        return figure
