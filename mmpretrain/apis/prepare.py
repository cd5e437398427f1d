"""From an image to what a batch is made of: the test pipeline of a config."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from mmpretrain.apis.inputs import MEASURED_SUFFIXES, InputType, as_bgr, as_rgb
from mmpretrain.config.wrapped import innermost
from mmpretrain.errors import ConfigError
from mmpretrain.registry import TRANSFORMS
from mmpretrain.utils.pictures import to_picture

if TYPE_CHECKING:
    from mmpretrain.config import Config


class Preparation:
    """Runs the test pipeline of a config on images, in any thread.

    Args:
        config: The config of a model.

    Raises:
        ConfigError: If it has no such pipeline.
    """

    def __init__(self, config: Config) -> None:
        loader = config.get("test_dataloader") or config.get("val_dataloader")
        if loader is None:
            raise ConfigError(
                "the config has neither test_dataloader nor val_dataloader, whose pipeline prepares images",
                where=config.filename,
            )
        loading, steps = split_pipeline(config, innermost(loader["dataset"])["pipeline"])
        # A file is decoded no further than the steps behind need it.
        self.for_files = TRANSFORMS.build({"type": "Compose", "transforms": [loading, *steps]})
        self.load: Any = TRANSFORMS.build(loading)
        color_type = loading.get("color_type", "color")
        #: Whether the numbers of a file, or of an array, are taken as they are.
        self.takes_numbers = color_type == "unchanged" and hasattr(self.load, "take")
        first = TakeNumbers(self.load) if self.takes_numbers else TakeImage(color_type == "grayscale")
        self.for_arrays = TRANSFORMS.build({"type": "Compose", "transforms": [first, *steps]})
        self._of_thread = threading.local()

    def __call__(self, image: InputType, number: int = 0) -> dict[str, Any]:
        """Prepare an image.

        Args:
            image: The image.
            number: Its number among the inputs, for messages.

        Raises:
            DataError: If it is none, or cannot be read.
            MissingFileError: If there is no such file.
        """
        for_files, for_arrays = self._pipelines()
        if isinstance(image, (str, os.PathLike)):
            return for_files({"img_path": os.fspath(image), "sample_idx": number})
        if not (self.takes_numbers and isinstance(image, np.ndarray)):
            image = as_bgr(image, number)
        return for_arrays({"img": image, "sample_idx": number})

    def picture(self, image: InputType) -> np.ndarray:
        """Return an input for drawing, (H, W, 3), RGB; numbers as :func:`to_picture` shows them."""
        if self.takes_numbers and isinstance(image, np.ndarray):
            return to_picture(image)
        special = self.takes_numbers or getattr(self.load, "value_range", None) is not None
        if isinstance(image, (str, os.PathLike)) and (
            special or os.fspath(image).endswith(MEASURED_SUFFIXES)
        ):
            return to_picture(self.load({"img_path": os.fspath(image)})["img"])
        return as_rgb(image)

    def _pipelines(self) -> tuple[Any, Any]:
        """The pipelines of this thread: transforms may keep what they do with a sample in themselves."""
        if threading.current_thread() is threading.main_thread():
            return self.for_files, self.for_arrays
        own = self._of_thread
        if not hasattr(own, "pipelines"):
            own.pipelines = copy.deepcopy((self.for_files, self.for_arrays))
        return own.pipelines


class TakeNumbers:
    """First step of a pipeline for arrays, where files are taken as they are.

    Args:
        load: The step that reads files.
    """

    def __init__(self, load: Any) -> None:
        self.load = load

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Fill in ``img``, ``img_shape`` and ``ori_shape``."""
        return self.load.take(results, results["img"])


class TakeImage:
    """First step of a pipeline for images in memory.

    Args:
        grey: Whether the model takes grey images.
    """

    def __init__(self, grey: bool) -> None:
        self.grey = grey

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Fill in ``img``, ``img_shape`` and ``ori_shape``."""
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
    kinds = {1: "grayscale", 3: "color"}
    return {"type": "LoadImageFromFile", "color_type": kinds.get(_channels(cfg), "unchanged")}, steps


def _channels(cfg: Config) -> int:
    """How many channels the images of a config have, by its mean or its backbone."""
    model = cfg.get("model") or {}
    for preprocessor in (cfg.get("data_preprocessor"), model.get("data_preprocessor")):
        mean = (preprocessor or {}).get("mean")
        if isinstance(mean, Sequence) and len(mean):
            return len(mean)
    found = (model.get("backbone") or {}).get("in_channels")
    return found if isinstance(found, int) else 3


def loading_step(cfg: Config) -> dict[str, Any]:
    """Return the step that reads an image file as a config does, for another pipeline."""
    loader = cfg.get("test_dataloader") or cfg.get("val_dataloader") or {}
    dataset = innermost(loader["dataset"]) if loader.get("dataset") else {}
    return split_pipeline(cfg, dataset.get("pipeline") or [])[0]
