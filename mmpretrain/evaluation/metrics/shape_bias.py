"""Shape bias of classifiers."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import torch
from torch import Tensor

from mmpretrain.evaluation.metrics.base import BaseMetric, pick
from mmpretrain.registry import METRICS
from mmpretrain.utils.fileio import write_text
from mmpretrain.utils.text import csv_cell

#: The 16 categories of the cue-conflict images, and the ImageNet-1k classes that each stands for.
CATEGORIES = {
    "airplane": "404",
    "bear": "294-297",
    "bicycle": "444 671",
    "bird": "8 10-16 18-20 22-24 80-83 87-96 98-100 127-133 135-145",
    "boat": "472 554 625 814 914",
    "bottle": "440 720 737 898-899 901 907",
    "car": "436 511 817",
    "cat": "281-286",
    "chair": "423 559 765 857",
    "clock": "409 530 892",
    "dog": "152-191 193-203 205-226 228-241 243-250 252-257 259 261-263 265-268",
    "elephant": "385-386",
    "keyboard": "508 878",
    "knife": "499",
    "oven": "766",
    "truck": "555 569 656 675 717 734 864 867",
}

HEADER = ("subj", "session", "trial", "rt", "object_response", "category", "condition", "imagename")


def _classes(ranges: str) -> list[int]:
    ends = ([int(end) for end in part.split("-")] for part in ranges.split())
    return [index for first_last in ends for index in range(first_last[0], first_last[-1] + 1)]


@METRICS.register_module()
class ShapeBiasMetric(BaseMetric):
    """Accuracy on images whose shape and texture disagree, and a table to draw the shape bias from.

    See `ImageNet-trained CNNs are biased towards texture <https://arxiv.org/abs/1811.12231>`_. The scores of
    ImageNet-1k classes are averaged within each of 16 categories. The category of an image is the name of its
    folder.

    Args:
        csv_dir: Folder for the table.
        model_name: Name of the model in the table and in its file name.
        dataset_name: Name of the data set in the file name.
        **kwargs: See :class:`BaseMetric`.
    """

    def __init__(
        self, csv_dir: str, model_name: str, dataset_name: str = "cue_conflict", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.csv_path = os.path.join(csv_dir, f"{dataset_name}_{model_name}_session-1.csv")
        self.model_name = model_name
        self.categories = list(CATEGORIES)
        self._classes = [torch.tensor(_classes(ranges)) for ranges in CATEGORIES.values()]

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep the predicted and the right category of each image, and its name."""
        for result in pick(data_samples, "pred_score", "img_path"):
            path = PurePath(result["img_path"])
            predicted = self._category(result["pred_score"])
            self.results.append({"predicted": predicted, "actual": path.parent.name, "image": path.name})

    def _category(self, score: Tensor) -> str:
        means = torch.stack([score[classes].mean() for classes in self._classes])
        return self.categories[int(means.argmax())]

    def compute_metrics(self, results: list[dict[str, str]]) -> dict[str, float]:
        """Write the table, and return ``accuracy/top1`` as a share."""
        rows = (
            (self.model_name, 1, trial, "NaN", result["predicted"], result["actual"], "NaN", result["image"])
            for trial, result in enumerate(results, start=1)
        )
        write_text(_table([HEADER, *rows]), self.csv_path)
        right = sum(result["predicted"] == result["actual"] for result in results)
        return {"accuracy/top1": right / len(results)}


def _table(rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([csv_cell(value) for value in row] for row in rows)
    return buffer.getvalue()
