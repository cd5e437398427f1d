"""Pictures of classification results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmpretrain.registry import VISUALIZERS
from mmpretrain.structures import DataSample, value_names
from mmpretrain.utils import fileio
from mmpretrain.visualization.drawing import draw_caption, rescale
from mmpretrain.visualization.visualizer import Visualizer


@VISUALIZERS.register_module()
class UniversalVisualizer(Visualizer):
    """The visualizer of every task of this package."""

    #: Text needs some pixels: smaller pictures are enlarged to this shorter side.
    SHORTEST_EDGE = 320

    def visualize_cls(
        self,
        image: np.ndarray,
        data_sample: DataSample,
        classes: Sequence[str] | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        draw_score: bool = True,
        resize: int | None = None,
        rescale_factor: float | None = None,
        text_cfg: Mapping[str, Any] | None = None,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | Path | None = None,
        name: str = "",
        step: int = 0,
    ) -> np.ndarray:
        """Write labels on an image.

        Args:
            image: ``(H, W, 3)``, uint8, RGB; ``(H, W)`` and ``(H, W, 1)`` are taken as grey.
            data_sample: Holds ``gt_label`` and/or ``pred_label`` and ``pred_score``, or ``gt_value`` and/or
                ``pred_value``.
            classes: Class names; by default those of ``dataset_meta``.
            draw_gt: Whether to write the ground truth.
            draw_pred: Whether to write the prediction.
            draw_score: Whether to write the score of the prediction.
            resize: Length of the shorter side in the result; by default at least :attr:`SHORTEST_EDGE`.
            rescale_factor: Scale the image by this factor first.
            text_cfg: Style of the text: ``font_size``, ``color``, ``background``.
            show: Show in a window.
            wait_time: For how many seconds.
            out_file: Save there.
            name: Name for the backends.
            step: Step for the backends.

        Returns:
            The drawn image ``(H, W, 3)``, RGB.
        """
        if classes is None and self.dataset_meta is not None:
            classes = self.dataset_meta.get("classes")
        lines = _lines(data_sample, classes, draw_gt=draw_gt, draw_pred=draw_pred, draw_score=draw_score)
        lines += _value_lines(data_sample, self.dataset_meta, draw_gt=draw_gt, draw_pred=draw_pred)
        if image.ndim == 2 or image.shape[2] == 1:
            image = np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
        image = np.ascontiguousarray(image)
        if rescale_factor is not None:
            image = rescale(image, rescale_factor)
        edge = min(image.shape[:2])
        image = rescale(image, (resize or max(edge, self.SHORTEST_EDGE)) / edge)
        drawn = draw_caption(image, "\n".join(lines), **(text_cfg or {})) if lines else image
        return self._finish(drawn, name=name, step=step, show=show, wait_time=wait_time, out_file=out_file)

    def visualize_image_retrieval(
        self,
        image: np.ndarray,
        data_sample: DataSample,
        prototype_dataset: Any,
        topk: int = 1,
        draw_score: bool = True,
        resize: int | None = None,
        text_cfg: Mapping[str, Any] | None = None,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | Path | None = None,
        name: str | None = "",
        step: int = 0,
    ) -> np.ndarray:
        """Put the images that were found beside the one that was asked for.

        Args:
            image: ``(H, W, 3)``, uint8, RGB.
            data_sample: Holds ``pred_score``, the similarity of each image of the collection.
            prototype_dataset: The collection: a data set, or a list of dicts with ``img_path``.
            topk: How many images to show.
            draw_score: Whether to write their scores.
            resize: Height of the result; by default that of the image, at least :attr:`SHORTEST_EDGE`.
            text_cfg: Style of the text, see :func:`draw_caption`.
            show: Show in a window.
            wait_time: For how many seconds.
            out_file: Save there.
            name: Name for the backends.
            step: Step for the backends.

        Returns:
            The drawn image ``(H, W', 3)``, RGB.
        """
        record = getattr(prototype_dataset, "get_data_info", prototype_dataset.__getitem__)
        height = resize or max(image.shape[0], self.SHORTEST_EDGE)
        tiles = [rescale(np.ascontiguousarray(image), height / image.shape[0])]
        scores, items = data_sample.pred_score.topk(min(topk, len(data_sample.pred_score)))
        for score, item in zip(scores.tolist(), items.tolist()):
            with fileio.open_binary(record(item)["img_path"]) as file, Image.open(file) as opened:
                found = np.asarray(opened.convert("RGB"))
            tile = rescale(found, height / found.shape[0])
            tiles.append(draw_caption(tile, f"{score:.2f}", **(text_cfg or {})) if draw_score else tile)
        gap = np.full((height, max(2, height // 50), 3), 255, np.uint8)
        parts = [part for tile in tiles for part in (gap, tile)][1:]
        drawn = np.concatenate(parts, axis=1)
        return self._finish(
            drawn, name=name or "", step=step, show=show, wait_time=wait_time, out_file=out_file
        )

    add_datasample = visualize_cls  # type: ignore[assignment]


def _lines(
    sample: Any, classes: Sequence[str] | None, *, draw_gt: bool, draw_pred: bool, draw_score: bool
) -> list[str]:
    """Return what is written on a picture; for several tasks, with the name of each."""
    lines = []
    if draw_gt and "gt_label" in sample:
        lines += [f"Ground truth: {text}" for text in _describe(sample.gt_label, None, classes)]
    if draw_pred and "pred_label" in sample:
        scores = sample.get("pred_score") if draw_score else None
        lines += [f"Prediction: {text}" for text in _describe(sample.pred_label, scores, classes)]
    for task, part in sample.items():
        if hasattr(part, "items"):
            inner = _lines(part, None, draw_gt=draw_gt, draw_pred=draw_pred, draw_score=draw_score)
            lines += [f"{task}: {line}" for line in inner]
    return lines


def _value_lines(sample: Any, meta: Mapping[str, Any] | None, *, draw_gt: bool, draw_pred: bool) -> list[str]:
    """Return what is written on a picture of regression, such as ``Prediction: age 31.2``."""
    lines = []
    for key, title, wanted in (
        ("gt_value", "Ground truth", draw_gt),
        ("pred_value", "Prediction", draw_pred),
    ):
        if wanted and key in sample:
            numbers = sample.get(key).tolist()
            pairs = zip(value_names(meta, len(numbers)), numbers)
            lines += [f"{title}: {name} {number:.4g}" for name, number in pairs]
    return lines


def _describe(labels: Any, scores: Any, classes: Sequence[str] | None) -> list[str]:
    """Return ``'7 (seven), 0.98'`` for each label, with name and score where they are known."""
    lines = []
    for label in labels.tolist():
        text = f"{label} ({classes[label]})" if classes is not None else str(label)
        lines.append(f"{text}, {scores[label]:.2f}" if scores is not None else text)
    return lines
