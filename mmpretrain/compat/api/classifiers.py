"""Classifiers with the calls of 0.x: ``model(return_loss=False, img=x)``, ``show_result``, ``CLASSES``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmpretrain.apis import inference_model as inference_of_today
from mmpretrain.apis import init_model as init_model_of_today
from mmpretrain.compat.protocols.models import flat
from mmpretrain.config import Config
from mmpretrain.config.zoo import find_config
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


def build_classifier(cfg: Any) -> Any:
    """Build a classifier that has the calls of 0.x too."""
    return with_old_calls(MODELS.build(cfg))


def init_model(
    config: Any,
    checkpoint: str | None = None,
    device: str | None = "cuda:0",
    options: Mapping[str, Any] | None = None,
    cfg_options: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> Any:
    """Build a model in eval mode, with the weights of a checkpoint; it has the calls of 0.x too.

    Args:
        config: A config, or its file.
        checkpoint: Weights to load.
        device: Where to put the model; an accelerator that is not there is replaced by the CPU.
        options: Changes to the config, by dotted key.
        cfg_options: The same, under its later name.
        **kwargs: Changes to ``config.model``.
    """
    cfg = config.copy() if isinstance(config, Config) else Config.fromfile(find_config(config))
    changes = {**(options or {}), **(cfg_options or {})}
    if changes:
        cfg.merge_from_dict(changes)
    there = torch.cuda.is_available() or not str(device).startswith("cuda")
    model = with_old_calls(init_model_of_today(cfg, checkpoint, device if there else "cpu", **kwargs))
    model.cfg = cfg
    meta = model._dataset_meta or {}
    if meta.get("classes") is not None:
        model.CLASSES = tuple(meta["classes"])
    return model


def inference_model(model: Any, img: Any, **kwargs: Any) -> Any:
    """Run a model on one image; a model that a script has trained knows its config as ``model.cfg``.

    Args:
        model: The model.
        img: A path, or an array (H, W, 3) in BGR.
        **kwargs: Passed to the inferencer's call.

    Returns:
        A dict with ``pred_label``, ``pred_score`` and ``pred_class``.
    """
    cfg: Any = getattr(model, "cfg", None)
    if getattr(model, "_config", None) is None and isinstance(cfg, Config):
        model._config = cfg.modern()
        classes = getattr(model, "CLASSES", None)
        model._dataset_meta = None if classes is None else {"classes": tuple(classes)}
        model.eval()
    return inference_of_today(model, img, **kwargs)


def with_old_calls(model: Any) -> Any:
    """Give a classifier the calls of 0.x; its class gets a subclass of the same name."""
    kind = type(model)
    if issubclass(kind, OldCalls):
        return model
    model.__class__ = type(kind.__name__, (OldCalls, kind), {"__module__": kind.__module__})
    return model


class OldCalls:
    """The calls of a classifier of 0.x."""

    #: Names of the classes, if they are known.
    CLASSES: tuple[str, ...] | None = None

    def forward(self, *args: Any, img: Any = None, return_loss: bool | None = None, **kwargs: Any) -> Any:
        """Run the model.

        Args:
            *args: Images (B, C, H, W) and the arguments of today.
            img: The images, as 0.x called them.
            return_loss: Return losses, which needs ``gt_label``; else scores (C,) of each image.
            **kwargs: ``gt_label`` (B,), or the arguments of today.
        """
        if img is None and return_loss is None:
            return super().forward(*args, **kwargs)  # type: ignore[misc]
        images = args[0] if img is None else img
        images = images[0] if isinstance(images, (list, tuple)) else images
        if return_loss is None or return_loss:
            return self.forward_train(images, kwargs["gt_label"])
        return self.simple_test(images)

    def forward_train(self, img: Tensor, gt_label: Tensor, **kwargs: Any) -> dict[str, Tensor]:
        """Return the losses of a batch by name."""
        return flat(super().forward(img, _labelled(gt_label), mode="loss"))  # type: ignore[misc]

    def simple_test(self, img: Tensor, img_metas: Any = None, **kwargs: Any) -> list[np.ndarray]:
        """Return the scores (C,) of each image."""
        with torch.no_grad():
            samples = super().forward(img, None, mode="predict")  # type: ignore[misc]
        return [sample.pred_score.cpu().numpy() for sample in samples]

    forward_test = simple_test

    def show_result(
        self,
        img: str | np.ndarray,
        result: Mapping[str, Any],
        text_color: Any = "white",
        font_scale: float = 0.5,
        row_width: int = 20,
        show: bool = False,
        fig_size: tuple[int, int] = (15, 10),
        win_name: str = "",
        wait_time: int = 0,
        out_file: str | None = None,
    ) -> np.ndarray:
        """Write a result on an image.

        Args:
            img: The image (H, W, 3) in BGR, or its path.
            result: ``pred_label``, ``pred_score`` and ``pred_class``.
            text_color: Accepted for compatibility.
            font_scale: Accepted for compatibility.
            row_width: Accepted for compatibility.
            show: Open a window.
            fig_size: Accepted for compatibility.
            win_name: Title of the window.
            wait_time: Seconds to wait.
            out_file: Where to write the picture.

        Returns:
            The picture, in BGR.
        """
        shown = {key: value for key, value in result.items() if key != "pred_scores"}
        return imshow_infos(img, shown, win_name=win_name, show=show, wait_time=wait_time, out_file=out_file)


def imshow_infos(
    img: str | np.ndarray,
    infos: Mapping[str, Any],
    text_color: Any = "white",
    font_size: float = 26,
    row_width: int = 20,
    win_name: str = "",
    show: bool = True,
    fig_size: tuple[int, int] = (15, 10),
    wait_time: int = 0,
    out_file: str | None = None,
) -> np.ndarray:
    """Write names and values on an image.

    Args:
        img: The image (H, W, 3) in BGR, or its path.
        infos: Name -> value.
        text_color: Accepted for compatibility.
        font_size: Accepted for compatibility.
        row_width: Accepted for compatibility.
        win_name: Title of the window.
        show: Open a window.
        fig_size: Accepted for compatibility.
        wait_time: Seconds to wait.
        out_file: Where to write the picture.

    Returns:
        The picture, in BGR.
    """
    from mmpretrain.compat.api.geometry import imread, imwrite
    from mmpretrain.visualization import UniversalVisualizer

    visualizer = UniversalVisualizer()
    visualizer.set_image(imread(img)[..., ::-1].copy())
    lines = [
        f"{key}: {value:.2f}" if isinstance(value, float) else f"{key}: {value}"
        for key, value in infos.items()
    ]
    drawn = visualizer.draw_texts("\n".join(lines)).get_image()[..., ::-1]
    if show:
        visualizer.show(win_name=win_name, wait_time=wait_time)
    if out_file is not None:
        imwrite(np.ascontiguousarray(drawn), Path(out_file))
    return drawn


def _labelled(gt_label: Tensor) -> list[DataSample]:
    if gt_label.ndim == 2:
        return [DataSample().set_gt_score(row.float()) for row in gt_label]
    return [DataSample().set_gt_label(label) for label in gt_label]


def show_result_pyplot(
    model: Any,
    img: str | np.ndarray,
    result: Mapping[str, Any],
    fig_size: tuple[int, int] = (15, 10),
    title: str = "result",
    wait_time: int = 0,
    out_file: str | None = None,
    show: bool = True,
) -> np.ndarray:
    """Show a result on its image.

    Args:
        model: The model.
        img: The image (H, W, 3) in BGR, or its path.
        result: What ``inference_model`` returned.
        fig_size: Accepted for compatibility.
        title: Title of the window.
        wait_time: Seconds to wait.
        out_file: Where to write the picture.
        show: Open a window.

    Returns:
        The picture, in BGR.
    """
    old = with_old_calls(getattr(model, "module", model))
    return old.show_result(img, result, show=show, win_name=title, wait_time=wait_time, out_file=out_file)
