"""Packing a results dict for the model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import suits
from mmpretrain.datasets.transforms.functional.geometry import is_plain_image
from mmpretrain.registry import TRANSFORMS
from mmpretrain.structures import DataSample, MultiTaskDataSample


def to_tensor(data: Any) -> torch.Tensor:
    """Convert an array, a sequence of numbers or a number (which gives one element) to a tensor."""
    if isinstance(data, torch.Tensor):
        return data
    if isinstance(data, np.ndarray):
        return torch.from_numpy(data)
    if isinstance(data, (int, float)):
        return torch.tensor([data])
    if isinstance(data, Sequence) and not isinstance(data, str):
        return torch.tensor(data)
    raise TypeError(
        f"to_tensor takes arrays, tensors, sequences of numbers and numbers, got {type(data).__name__}"
    )


def image_to_tensor(img: np.ndarray) -> torch.Tensor:
    """Turn (H, W) or (H, W, C) into a contiguous (C, H, W)."""
    if img.ndim == 2:
        return torch.from_numpy(_in_order(img)[None])
    if is_plain_image(img):
        return torch.from_numpy(_planes(img))
    mirrored = img[:, ::-1]
    if is_plain_image(mirrored):  # what RandomFlip leaves to this function: bytes are mirrored faster
        planes = _planes(mirrored)
        rows = planes.reshape(-1, planes.shape[2])
        cv2.flip(rows, 1, dst=rows)
        return torch.from_numpy(planes)
    return torch.from_numpy(_in_order(img.transpose(2, 0, 1)))


def _in_order(array: np.ndarray) -> np.ndarray:
    """Make an array contiguous; NumPy lets a negative stride over a single pixel pass."""
    return np.ascontiguousarray(array) if min(array.strides) >= 0 else array.copy()


def _planes(img: np.ndarray) -> np.ndarray:
    """Turn (H, W, 3) bytes into (3, H, W); several times as fast as a transposed copy."""
    planes = np.empty((3, *img.shape[:2]), np.uint8)
    # OpenCV takes a crop row by row, and that takes longer than to copy the crop first.
    cv2.split(np.ascontiguousarray(img), [planes[0], planes[1], planes[2]])
    return planes


@TRANSFORMS.register_module()
class PackInputs(BaseTransform):
    """Pack the image into ``inputs`` and everything else that is asked for into ``data_samples``.

    ``gt_label``, ``gt_score``, ``gt_value`` and ``mask`` go into the sample when they are there.

    Args:
        input_key: Key of the image: an array (H, W), (H, W, C), one with more axes (kept as it is), a PIL
            image, a tensor, or a list of them (views).
        algorithm_keys: Further keys that go into the sample as data.
        meta_keys: Keys that go into the sample as meta information.
    """

    DEFAULT_META_KEYS = (
        "sample_idx", "img_path", "ori_shape", "img_shape", "scale_factor", "flip", "flip_direction",
    )  # fmt: skip

    def __init__(
        self,
        input_key: str = "img",
        algorithm_keys: Sequence[str] = (),
        meta_keys: Sequence[str] = DEFAULT_META_KEYS,
    ) -> None:
        self.input_key = input_key
        self.algorithm_keys = algorithm_keys
        self.meta_keys = meta_keys

    @staticmethod
    def format_input(input_: Any) -> Any:
        """Turn an image, or a list of them, into channels-first tensors."""
        if isinstance(input_, list):
            return [PackInputs.format_input(item) for item in input_]
        if isinstance(input_, torch.Tensor):
            return input_
        if isinstance(input_, Image.Image):
            return image_to_tensor(np.array(input_))
        if isinstance(input_, np.ndarray):
            return image_to_tensor(input_) if input_.ndim in (2, 3) else torch.from_numpy(input_)
        raise TypeError(f"PackInputs takes arrays, PIL images and tensors, got {type(input_).__name__}")

    def transform(self, results: dict) -> dict:
        packed: dict[str, Any] = {}
        if self.input_key in results:
            packed["inputs"] = self.format_input(results[self.input_key])
        sample = DataSample()
        if "gt_label" in results:
            sample.set_gt_label(results["gt_label"])
        if "gt_score" in results:
            sample.set_gt_score(results["gt_score"])
        if "gt_value" in results:
            sample.set_gt_value(results["gt_value"])
        if "mask" in results:
            sample.set_mask(results["mask"])
        for key in self.algorithm_keys:
            if key in results:
                sample.set_field(results[key], key)
        sample.set_metainfo({key: results[key] for key in self.meta_keys if key in results})
        packed["data_samples"] = sample
        return packed


@TRANSFORMS.register_module()
class PackMultiTaskInputs(BaseTransform):
    """Pack the labels of several tasks into one :class:`MultiTaskDataSample`.

    Args:
        multi_task_fields: Keys whose value is a dict from task name to the value for that task.
        input_key: Key of the image.
        task_handlers: Task name to the packing transform of that task; by default :class:`PackInputs`.
    """

    def __init__(
        self,
        multi_task_fields: Sequence[str],
        input_key: str = "img",
        task_handlers: Mapping[str, Any] = {},
    ) -> None:
        self.multi_task_fields = multi_task_fields
        self.input_key = input_key
        self.task_handlers = defaultdict(
            PackInputs, {task: TRANSFORMS.build(cfg) for task, cfg in task_handlers.items()}
        )

    def transform(self, results: dict) -> dict:
        shared = {key: value for key, value in results.items() if key not in self.multi_task_fields}
        by_task: dict[str, dict] = defaultdict(dict)
        for field in self.multi_task_fields:
            for task, value in results.get(field, {}).items():
                by_task[task][field] = value
        sample = MultiTaskDataSample()
        for task, own in by_task.items():
            # The image is packed once, not for each task.
            fields = {key: value for key, value in shared.items() if key != self.input_key}
            sample.set_field(self.task_handlers[task]({**fields, **own})["data_samples"], task)
        packed: dict[str, Any] = {"data_samples": sample}
        if self.input_key in shared:
            packed["inputs"] = PackInputs.format_input(shared[self.input_key])
        return packed


@TRANSFORMS.register_module()
class Transpose(BaseTransform):
    """Permute the axes of arrays.

    Args:
        keys: Keys of the arrays.
        order: The new order of the axes.
    """

    def __init__(self, keys: Sequence[str], order: Sequence[int]) -> None:
        self.keys = keys
        self.order = order

    def transform(self, results: dict) -> dict:
        for key in self.keys:
            suits(
                results[key].ndim == len(self.order),
                f"{key!r} has {results[key].ndim} axes, and order={self.order!r} {len(self.order)}",
                key="order",
            )
            results[key] = results[key].transpose(self.order)
        return results


@TRANSFORMS.register_module(("NumpyToPIL", "ToPIL"))
class NumpyToPIL(BaseTransform):
    """Turn ``img`` from an array into a PIL image.

    Args:
        to_rgb: Reverse the channels, from BGR.
    """

    def __init__(self, to_rgb: bool = False) -> None:
        self.to_rgb = to_rgb

    def transform(self, results: dict) -> dict:
        img = results["img"]
        if img.shape[2:] == (1,):  # Pillow has no (H, W, 1)
            img = img[..., 0]
        suits(
            img.dtype == np.uint8 if img.ndim == 3 else img.dtype in (np.uint8, np.uint16, np.float32),
            f"Pillow has no images of {img.dtype} with several channels",
        )
        channels = img.shape[2] if img.ndim == 3 else 1
        suits(channels in (1, 3, 4), f"Pillow has no images of {channels} channels")
        if self.to_rgb and img.ndim == 3:
            img = cv2.cvtColor(img, cv2.COLOR_BGRA2RGBA if img.shape[2] == 4 else cv2.COLOR_BGR2RGB)
        results["img"] = Image.fromarray(img)
        return results


@TRANSFORMS.register_module(("PILToNumpy", "ToNumpy"))
class PILToNumpy(BaseTransform):
    """Turn ``img`` from a PIL image into an array.

    Args:
        to_bgr: Reverse the channels, from RGB.
        dtype: Type of the array; by default that of the image.
    """

    def __init__(self, to_bgr: bool = False, dtype: Any = None) -> None:
        self.to_bgr = to_bgr
        self.dtype = dtype

    def transform(self, results: dict) -> dict:
        img = np.array(results["img"], dtype=self.dtype)
        if self.to_bgr and img.ndim == 3:
            img = cv2.cvtColor(img, cv2.COLOR_RGBA2BGRA if img.shape[2] == 4 else cv2.COLOR_RGB2BGR)
        results["img"] = img
        return results


ToPIL = NumpyToPIL
ToNumpy = PILToNumpy
