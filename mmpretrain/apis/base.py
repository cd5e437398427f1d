"""Base class of the inferencers: open a model, prepare inputs, run batches, draw, return plain results."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from mmpretrain.apis.inputs import InputType, as_bgr, is_single
from mmpretrain.apis.model import open_model
from mmpretrain.config.wrapped import innermost
from mmpretrain.engine.runner.failures import naming_batch
from mmpretrain.errors import ConfigError
from mmpretrain.registry import TRANSFORMS, VISUALIZERS

if TYPE_CHECKING:
    from mmpretrain.config import Config
    from mmpretrain.models.base import BaseModel


class BaseInferencer(ABC):
    """Runs a trained model on images.

    Args:
        model: A model built by :func:`~mmpretrain.apis.init_model`, or anything that
            :func:`~mmpretrain.apis.open_model` takes: a checkpoint, the folder of a run, a config, a name.
        pretrained: Weights, where ``model`` is a config or a name: a path or an address; True for those that
            belong to ``model``; False for none.
        device: Where to run; by default an accelerator if there is one.
        trust: Run the config inside of a checkpoint as code; otherwise it is data.
    """

    def __init__(
        self,
        model: BaseModel | str | os.PathLike[str],
        pretrained: bool | str | os.PathLike[str] | None = True,
        device: str | torch.device | None = None,
        *,
        trust: bool = False,
    ) -> None:
        if isinstance(model, torch.nn.Module):
            self.model: Any = model if device is None else model.to(device)
        else:
            self.model = open_model(model, pretrained, device, trust=trust)
        config = getattr(self.model, "_config", None)
        if config is None:
            raise ConfigError(
                "this model does not know its config, which says how images are prepared",
                hint="Build it with mmpretrain.init_model.",
            )
        self.config: Config = config
        self.pipeline = TRANSFORMS.build({"type": "Compose", "transforms": self._pipeline_config()})
        self.visualizer: Any = None

    @torch.inference_mode()
    def __call__(
        self,
        inputs: InputType | Sequence[InputType],
        return_datasamples: bool = False,
        batch_size: int = 1,
        **visualize_kwargs: Any,
    ) -> list[Any]:
        """Predict.

        Args:
            inputs: One image or several.
            return_datasamples: Return data samples instead of plain results.
            batch_size: How many images to run at once.
            **visualize_kwargs: ``show``, ``show_dir``, ``names`` of the pictures and others, see
                :meth:`visualize`.

        Returns:
            One result per image.
        """
        images: list[Any] = [inputs] if is_single(inputs) else list(inputs)  # type: ignore[arg-type]
        results: list[Any] = []
        names = visualize_kwargs.pop("names", None) or picture_names(images)
        for batch in self._batches(images, batch_size):
            with naming_batch("prediction", batch):
                samples = self.model.test_step(batch)
            if visualize_kwargs:
                part = slice(len(results), len(results) + len(samples))
                self.visualize(images[part], samples, names=names[part], **visualize_kwargs)
            results += samples if return_datasamples else self.postprocess(samples)
        return results

    def _batches(self, images: Sequence[InputType], size: int) -> Iterator[dict[str, list[Any]]]:
        for start in range(0, len(images), size):
            part = enumerate(images[start : start + size], start=start)
            packed = [self.prepare(image, number) for number, image in part]
            yield {key: [item[key] for item in packed] for key in packed[0]}

    def prepare(self, image: InputType, number: int = 0) -> dict[str, Any]:
        """Run the pipeline on an image: what a batch is made of.

        Args:
            image: The image.
            number: Its number among the inputs, for messages.
        """
        return self.pipeline(self._record(image, number))

    def _record(self, image: InputType, number: int) -> dict[str, Any]:
        if isinstance(image, (str, os.PathLike)):
            return {"img_path": os.fspath(image)}
        return {"img": as_bgr(image, number), "sample_idx": number}

    def _pipeline_config(self) -> list[Any]:
        """The config's test pipeline, made to accept paths as well as images that are in memory."""
        loader = self.config.get("test_dataloader") or self.config.get("val_dataloader")
        if loader is None:
            raise ConfigError(
                "the config has neither test_dataloader nor val_dataloader, whose pipeline prepares images",
                where=self.config.filename,
            )
        loading, steps = split_pipeline(self.config, innermost(loader["dataset"])["pipeline"])
        return [LoadImage(loading), *steps]

    @abstractmethod
    def postprocess(self, samples: Sequence[Any]) -> list[Any]:
        """Turn data samples into plain results."""

    @abstractmethod
    def visualize(
        self, images: Sequence[InputType], samples: Sequence[Any], names: Sequence[str], **kwargs: Any
    ) -> list[np.ndarray]:
        """Draw results."""

    def _build_visualizer(self) -> Any:
        if self.visualizer is None:
            settings = {"type": "UniversalVisualizer", **(self.config.get("visualizer") or {})}
            settings["vis_backends"] = None
            self.visualizer = VISUALIZERS.build(settings)
        return self.visualizer


class LoadImage:
    """First step of an inferencer's pipeline: reads the file, unless the image is there already."""

    def __init__(self, loading: dict[str, Any]) -> None:
        self.grey = loading.get("color_type", "color") == "grayscale"
        self.from_file = TRANSFORMS.build(loading)

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Fill in ``img``, ``img_shape`` and ``ori_shape``."""
        if "img" not in results:
            return self.from_file(results)
        image = results["img"]
        if self.grey and image.ndim == 3:
            image = np.asarray(Image.fromarray(np.ascontiguousarray(image[..., ::-1])).convert("L"))
        elif not self.grey and image.ndim == 2:
            image = np.repeat(image[..., None], 3, axis=2)
        results["img"] = image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results


def split_pipeline(cfg: Config, pipeline: Sequence[Any]) -> tuple[dict[str, Any], list[Any]]:
    """Return the step of a pipeline that reads the file, and the others.

    The pipeline of a data set that holds its images in memory has no such step; one that fits the model's
    number of channels is returned.
    """
    steps = list(pipeline)
    if steps and str(steps[0]["type"]).rpartition(".")[2] == "LoadImageFromFile":
        return dict(steps.pop(0)), steps
    channels = len((cfg.get("data_preprocessor") or {}).get("mean") or "BGR")
    return {"type": "LoadImageFromFile", "color_type": "grayscale" if channels == 1 else "color"}, steps


def as_rgb(image: InputType) -> np.ndarray:
    """Read an image for drawing: ``(H, W, 3)``, RGB."""
    if isinstance(image, (str, os.PathLike)):
        with Image.open(image) as file:
            return np.asarray(file.convert("RGB"))
    array = as_bgr(image)
    if array.ndim == 2:
        return np.repeat(array[..., None], 3, axis=2)
    return np.ascontiguousarray(array[..., ::-1])


def picture_names(images: Iterable[InputType]) -> list[str]:
    """Return a file name for the picture of each image; images of one name get different ones."""
    seen: Counter[str] = Counter()
    names = []
    for index, image in enumerate(images):
        stem = Path(image).stem if isinstance(image, (str, os.PathLike)) else f"{index:06d}"
        seen[stem] += 1
        names.append(f"{stem}.png" if seen[stem] == 1 else f"{stem}-{seen[stem]}.png")
    return names
