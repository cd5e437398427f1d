"""Pictures of what a model predicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.engine.hooks.picture_names import PictureNames
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS
from mmpretrain.utils.logging import going_on_without
from mmpretrain.utils.pictures import to_picture

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class VisualizationHook(Hook):
    """Draws predictions of validation and test.

    Args:
        enable: Draw at all.
        interval: Every how many samples one is drawn.
        show: Open a window for each picture.
        out_dir: Folder for the pictures; by default they go to the backends of the visualizer.
        **kwargs: Further arguments of the visualizer's ``visualize_cls``.
    """

    def __init__(
        self,
        enable: bool = False,
        interval: int = 5000,
        show: bool = False,
        out_dir: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.enable = enable
        self.interval = interval
        self.out_dir = out_dir
        self.draw_args = {**kwargs, "show": show}
        self._names = PictureNames()

    def after_val_iter(
        self, runner: Session, batch_idx: int, data_batch: Any = None, outputs: Sequence | None = None
    ) -> None:
        if self.enable:
            step = runner.epoch if runner.state.by_epoch else runner.iter
            self._draw(runner, runner.val_dataloader, batch_idx, data_batch, outputs or [], step)

    def after_test_iter(
        self, runner: Session, batch_idx: int, data_batch: Any = None, outputs: Sequence | None = None
    ) -> None:
        if self.enable:
            self._draw(runner, runner.test_dataloader, batch_idx, data_batch, outputs or [], step=0)

    def _draw(
        self,
        runner: Session,
        loader: Any,
        batch_idx: int,
        batch: Mapping[str, Any],
        samples: Sequence,
        step: int,
    ) -> None:
        if not hasattr(runner.visualizer, "visualize_cls"):
            raise ConfigError(
                f"a {type(runner.visualizer).__name__} cannot draw predictions",
                hint="Set visualizer=dict(type='UniversalVisualizer').",
                key="visualizer",
            )
        first = batch_idx * len(samples)
        due = range(math.ceil(first / self.interval) * self.interval, first + len(samples), self.interval)
        for index in due:
            sample = samples[index - first]
            path = sample.get("img_path")
            name = self._names.of(str(path), loader.dataset) if path else str(index)
            arguments = dict(self.draw_args)
            if self.out_dir is not None:
                arguments["out_file"] = str(Path(self.out_dir) / f"{name}_{step}.png")
            image = to_image(batch["inputs"][index - first])
            with going_on_without(f"The picture of {name}"):
                runner.visualizer.visualize_cls(
                    image=image, data_sample=sample, step=step, name=name, **arguments
                )


@HOOKS.register_module()
class NaiveVisualizationHook(Hook):
    """Hands test samples to the visualizer's ``add_datasample``, whatever the task.

    Args:
        interval: Every how many batches the samples are drawn.
        draw_gt: Draw the annotation.
        draw_pred: Draw the prediction.
    """

    priority = "NORMAL"

    def __init__(self, interval: int = 1, draw_gt: bool = True, draw_pred: bool = True) -> None:
        self.interval = interval
        self.draw_gt = draw_gt
        self.draw_pred = draw_pred
        self._names = PictureNames()

    def after_test_iter(
        self, runner: Session, batch_idx: int, data_batch: Any = None, outputs: Sequence | None = None
    ) -> None:
        if not self.every_n_inner_iters(batch_idx, self.interval):
            return
        for index, (inputs, sample) in enumerate(zip(data_batch["inputs"], outputs or [])):
            path = sample.get("img_path")
            dataset = runner.test_dataloader.dataset
            runner.visualizer.add_datasample(
                self._names.of(str(path), dataset) if path else f"{batch_idx}_{index}",
                to_image(inputs),
                sample,
                draw_gt=self.draw_gt,
                draw_pred=self.draw_pred,
                step=batch_idx,
            )


def to_image(inputs: torch.Tensor) -> np.ndarray:
    """Turn an image (C, H, W) of a data batch, not normalised yet, into (H, W, C) of bytes.

    Images of other types and of many channels become pictures, see :func:`to_picture`.
    """
    image = inputs.permute(1, 2, 0).cpu().numpy()
    plain = image.dtype == np.uint8 and image.shape[2] in (1, 3)
    return image if plain else to_picture(image)[..., ::-1]
