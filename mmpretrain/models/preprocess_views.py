"""Data preprocessors of views, clips, and images with text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.models.preprocess import ImgDataPreprocessor, Normalizer, Numbers, transforms_of_batches
from mmpretrain.registry import MODELS


@MODELS.register_module()
class SelfSupDataPreprocessor(ImgDataPreprocessor):
    """For self-supervised learning: normalises one batch (B, C, H, W), or a list of them (views).

    Args:
        mean: See :class:`ImgDataPreprocessor`.
        std: See :class:`ImgDataPreprocessor`.
        pad_size_divisor: Kept for compatibility; views are not padded.
        pad_value: Kept for compatibility.
        to_rgb: Reverse the channels, as ``bgr_to_rgb`` and ``rgb_to_bgr`` do.
        bgr_to_rgb: Reverse the channels.
        rgb_to_bgr: Reverse the channels.
        non_blocking: Let the copy to the device run alongside.
        batch_transforms: Transforms of whole batches in training, as in :class:`ClsDataPreprocessor`. Each
            view draws for itself.
    """

    def __init__(
        self,
        mean: Numbers | None = None,
        std: Numbers | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        to_rgb: bool = False,
        bgr_to_rgb: bool = False,
        rgb_to_bgr: bool = False,
        non_blocking: bool | None = False,
        batch_transforms: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(mean, std, pad_size_divisor, pad_value, bgr_to_rgb, rgb_to_bgr, non_blocking)
        self.swap_channels = to_rgb or self.swap_channels
        self.batch_transforms = transforms_of_batches(batch_transforms)
        if self.batch_transforms is not None and self.batch_transforms.mixes:
            raise ConfigError(
                "batch_transforms mix labels, which self-supervised learning does not have",
                hint="Take Mixup and CutMix out of batch_transforms.",
                key="batch_transforms",
            )

    @property
    def needs_sample_keys(self) -> bool:
        """Whether the data loader must send the key of each sample, from which random numbers are drawn."""
        return self.batch_transforms is not None

    def augment(self, inputs: Tensor | Sequence[Tensor], keys: Any) -> Tensor | list[Tensor]:
        """Apply ``batch_transforms`` to each view (B, C, H, W)."""
        if isinstance(inputs, Tensor):
            return self.batch_transforms(inputs, None, keys)[0]
        return [self.batch_transforms(view, None, keys, number)[0] for number, view in enumerate(inputs)]

    def normalize_views(self, views: Sequence[Tensor]) -> list[Tensor]:
        """Normalise each view (B, C, H, W)."""
        return [self.normalize(view) for view in views]

    def forward(self, data: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Turn ``inputs`` into a float tensor, or a list of them."""
        if not isinstance(data, Mapping):
            raise DataError(
                f"{type(self).__name__} takes a collated batch (a dict), got a {type(data).__name__}",
                where="train_dataloader.collate_fn",
                hint="Use collate_fn=dict(type='default_collate').",
            )
        inputs, samples = _inputs_and_samples(self.cast_data(data))
        if not isinstance(inputs, Tensor) and not all(isinstance(view, Tensor) for view in inputs):
            raise DataError(
                f"{type(self).__name__} takes a batch of each view, got a list of views for each image",
                where="train_dataloader.collate_fn",
                hint="Use collate_fn=dict(type='default_collate').",
            )
        if training and self.batch_transforms is not None:
            inputs = self.augment(inputs, data.get("sample_keys"))
        views = self.normalize(inputs) if isinstance(inputs, Tensor) else self.normalize_views(inputs)
        return {"inputs": views, "data_samples": samples}


@MODELS.register_module()
class TwoNormDataPreprocessor(SelfSupDataPreprocessor):
    """For BEiT and its kin: the second view, from which the target is made, has its own normalisation.

    Args:
        mean: Mean of the first view.
        std: Standard deviation of the first view.
        second_mean: Mean of the second view.
        second_std: Standard deviation of the second view.
        pad_size_divisor: Kept for compatibility; views are not padded.
        pad_value: Kept for compatibility.
        to_rgb: Reverse the channels.
        non_blocking: Let the copy to the device run alongside.
    """

    def __init__(
        self,
        mean: Numbers | None = None,
        std: Numbers | None = None,
        second_mean: Numbers | None = None,
        second_std: Numbers | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        to_rgb: bool = False,
        non_blocking: bool | None = False,
    ) -> None:
        super().__init__(mean, std, pad_size_divisor, pad_value, to_rgb=to_rgb, non_blocking=non_blocking)
        if second_mean is None or second_std is None:
            raise ConfigError("TwoNormDataPreprocessor needs second_mean and second_std", key="second_mean")
        self._register_moments("second_mean", "second_std", second_mean, second_std)

    def normalize_views(self, views: Sequence[Tensor]) -> list[Tensor]:
        """Normalise each view (B, C, H, W), the second one differently."""
        return [self.normalize(view, second=index == 1) for index, view in enumerate(views)]


@MODELS.register_module()
class VideoDataPreprocessor(Normalizer):
    """For video: normalises clips.

    Args:
        mean: Mean of each channel; None not to normalise.
        std: Standard deviation of each channel.
        pad_size_divisor: Kept for compatibility; clips are not padded.
        pad_value: Kept for compatibility.
        to_rgb: Reverse the channels.
        format_shape: ``'NCHW'`` or ``'NCTHW'``.
    """

    def __init__(
        self,
        mean: Numbers | None = None,
        std: Numbers | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        to_rgb: bool = False,
        format_shape: str = "NCHW",
    ) -> None:
        if format_shape not in ("NCHW", "NCTHW"):
            raise ConfigError(
                f"format_shape must be 'NCHW' or 'NCTHW', got {format_shape!r}", key="format_shape"
            )
        super().__init__(
            mean, std, pad_size_divisor, pad_value, swap_channels=to_rgb, spatial_dims=len(format_shape) - 2
        )
        self.to_rgb = to_rgb
        self.format_shape = format_shape

    def forward(self, data: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Turn ``inputs`` (a tensor or a list of them) into float tensors."""
        inputs, samples = _inputs_and_samples(self.cast_data(data))
        clips = self.normalize(inputs) if isinstance(inputs, Tensor) else [self.normalize(c) for c in inputs]
        return {"inputs": clips, "data_samples": samples}


@MODELS.register_module()
class MultiModalDataPreprocessor(Normalizer):
    """For images with text: normalises and pads; ``inputs`` come out as ``images``.

    Args:
        mean: Mean of each channel; None not to normalise.
        std: Standard deviation of each channel.
        pad_size_divisor: Pad both edges to a multiple of this number.
        pad_value: Value of padded pixels, after normalisation.
        to_rgb: Reverse the channels.
    """

    def __init__(
        self,
        mean: Numbers | None = None,
        std: Numbers | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        to_rgb: bool = False,
    ) -> None:
        super().__init__(mean, std, pad_size_divisor, pad_value, swap_channels=to_rgb)
        self.to_rgb = to_rgb

    def forward(self, data: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Normalise ``inputs``: (B, C, H, W), or a list of them that is stacked to (B, views, C, H, W)."""
        data = self.cast_data(data)
        images = data.get("inputs")
        if isinstance(images, Tensor):
            images = self.pad(self.normalize(images))
        elif isinstance(images, Sequence):
            images = torch.stack([self.pad(self.normalize(image)) for image in images], dim=1)
        elif images is not None:
            raise DataError(f"inputs must be a tensor or a sequence of them, got {type(images).__name__}")
        return {"images": images, "data_samples": data.get("data_samples")}


def _inputs_and_samples(data: Mapping[str, Any]) -> tuple[Any, Any]:
    return data["inputs"], data.get("data_samples")
