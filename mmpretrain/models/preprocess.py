"""Data preprocessors: from the uint8 batch of the data loader to the model's input, on the model's device."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.models.base import BaseDataPreprocessor
from mmpretrain.models.batch_augments import RandomBatchAugment
from mmpretrain.models.batch_targets import BatchTargets
from mmpretrain.registry import BATCH_TRANSFORMS, MODELS
from mmpretrain.structures import DataSample, MultiTaskDataSample
from mmpretrain.structures.packed_samples import PackedSamples

#: One number for each channel, or one for all.
Numbers = Sequence[float] | float

logger = logging.getLogger("mmpretrain")


class Normalizer(BaseDataPreprocessor):
    """Shared by the preprocessors of images: channel order, normalisation and padding.

    Args:
        mean: Mean of each channel, or None not to normalise.
        std: Standard deviation of each channel.
        pad_size_divisor: Pad the right and bottom border so that both edges are a multiple of this number.
        pad_value: Value of padded pixels, after normalisation.
        swap_channels: Reverse the three channels (BGR to RGB, or back).
        spatial_dims: Number of axes after the channels.
        non_blocking: Let the copy to the device run alongside.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        mean: Numbers | None = None,
        std: Numbers | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        swap_channels: bool = False,
        spatial_dims: int = 2,
        non_blocking: bool | None = False,
    ) -> None:
        super().__init__(non_blocking)
        self.pad_size_divisor = pad_size_divisor
        self.pad_value = pad_value
        self.swap_channels = swap_channels
        self.spatial_dims = spatial_dims
        self._enable_normalize = mean is not None
        if (mean is None) != (std is None):
            raise ConfigError(
                f"Give both mean and std, or neither; got mean={mean!r}, std={std!r}", key="mean"
            )
        if mean is not None and std is not None:
            self._register_moments("mean", "std", mean, std)

    def _register_moments(self, mean_name: str, std_name: str, mean: Numbers, std: Numbers) -> None:
        mean, std = ([item] if isinstance(item, (int, float)) else item for item in (mean, std))
        if len(mean) != len(std):
            raise ConfigError(f"mean and std differ in length: {mean!r} and {std!r}", key="mean")
        shape = (-1, *([1] * self.spatial_dims))
        for name, values in ((mean_name, mean), (std_name, std)):
            tensor = torch.tensor(values, dtype=torch.float32).view(shape)
            self.register_buffer(name, tensor, persistent=False)

    def normalize(self, images: Tensor, second: bool = False) -> Tensor:
        """Reorder channels, convert to float and normalise (..., C, H, W).

        Args:
            images: One image, or a batch.
            second: Use the buffers ``second_mean`` and ``second_std``.
        """
        if self.swap_channels and images.shape[-self.spatial_dims - 1] == 3:
            images = images.flip(-self.spatial_dims - 1)
        images = images.float()
        if not self._enable_normalize:
            return images
        channels, known = images.shape[-self.spatial_dims - 1], len(self.mean)
        if channels != known and 1 not in (channels, known):
            raise ConfigError(
                f"mean and std have {known} values, and the images {channels} channels",
                where="data_preprocessor",
                hint="Give one value for each channel, or one for all.",
                key="mean",
            )
        if second:
            return (images - self.second_mean) / self.second_std  # type: ignore[operator]
        return (images - self.mean) / self.std

    def pad(self, images: Tensor, height: int | None = None, width: int | None = None) -> Tensor:
        """Pad to at least (height, width), and to a multiple of ``pad_size_divisor``."""
        own_height, own_width = images.shape[-2:]
        bottom = self._round_up(height or own_height) - own_height
        right = self._round_up(width or own_width) - own_width
        if not bottom and not right:
            return images
        return F.pad(images, (0, right, 0, bottom), value=self.pad_value)

    def _round_up(self, edge: int) -> int:
        return math.ceil(edge / self.pad_size_divisor) * self.pad_size_divisor

    def stack(self, images: Sequence[Tensor]) -> Tensor:
        """Normalise images (C, H, W) of different sizes, pad them to the largest and stack them."""
        height, width = (max(image.shape[axis] for image in images) for axis in (-2, -1))
        return torch.stack([self.pad(self.normalize(image), height, width) for image in images])


def transforms_of_batches(cfgs: Sequence[Mapping[str, Any]] | None) -> Any:
    """Build ``batch_transforms``; None if there are none."""
    return BATCH_TRANSFORMS.build({"type": "BatchTransforms", "transforms": cfgs}) if cfgs else None


def inputs_of(data: Any) -> Any:
    """Return the images of a batch.

    Raises:
        DataError: If the batch has none.
    """
    if isinstance(data, Mapping) and "inputs" in data:
        return data["inputs"]
    found = f"a dict of {sorted(map(str, data))}" if isinstance(data, Mapping) else f"a {type(data).__name__}"
    raise DataError(
        f"A batch must be a dict with 'inputs', got {found}",
        hint="End the pipeline with PackInputs, and use collate_fn=dict(type='default_collate').",
    )


@MODELS.register_module()
class ClsDataPreprocessor(Normalizer):
    """For classification: normalises, pads, stacks and mixes images, and collects labels.

    Args:
        mean: Mean of each channel, in the order after ``to_rgb``; None not to normalise.
        std: Standard deviation of each channel.
        pad_size_divisor: Pad both edges to a multiple of this number.
        pad_value: Value of padded pixels, after normalisation.
        to_rgb: Reverse the channels, from BGR.
        to_onehot: Give each sample a one-hot ``gt_score``; always on with batch augmentations.
        num_classes: Number of classes; by default that of the samples.
        batch_augments: Arguments of :class:`RandomBatchAugment`, applied in training.
        batch_transforms: Configs of transforms that augment the whole batch on the device in training, before
            it is normalised. They have the names and arguments of transforms of a pipeline.
    """

    def __init__(
        self,
        mean: Numbers | None = None,
        std: Numbers | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        to_rgb: bool = False,
        to_onehot: bool = False,
        num_classes: int | None = None,
        batch_augments: Mapping[str, Any] | None = None,
        batch_transforms: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(mean, std, pad_size_divisor, pad_value, swap_channels=to_rgb)
        self.to_rgb = to_rgb
        self.num_classes = num_classes
        self.to_onehot = to_onehot
        self.batch_augments = RandomBatchAugment(**batch_augments) if batch_augments else None
        self.batch_transforms = transforms_of_batches(batch_transforms)
        self.mix_labels()

    def mix_labels(self) -> None:
        """Make one-hot labels if the augmentations mix them; called again when they change."""
        transforms_mix = self.batch_transforms is not None and self.batch_transforms.mixes
        if transforms_mix and self.batch_augments is not None:
            raise ConfigError(
                "batch_augments and batch_transforms both mix images",
                hint="Keep one of them; in batch_transforms, dict(type='OneOf', choices=[...]) chooses.",
                key="batch_augments",
            )
        if (transforms_mix or self.batch_augments is not None) and not self.to_onehot:
            logger.info("Batch augmentations mix one-hot labels: to_onehot of the data preprocessor is on.")
            self.to_onehot = True

    @property
    def needs_sample_keys(self) -> bool:
        """Whether the data loader must send the key of each sample, from which random numbers are drawn."""
        return self.batch_transforms is not None

    def forward(self, data: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Turn ``inputs`` ((B, C, H, W), or a list of (C, H, W)) into a float tensor (B, C, H, W)."""
        inputs = self.cast_data(inputs_of(data))
        samples = data.get("data_samples")
        targets = BatchTargets()
        if samples and (PackedSamples.behind(samples) is not None or isinstance(samples[0], DataSample)):
            targets = BatchTargets.of(samples, self.device, self.to_onehot, self.num_classes)
        elif samples and isinstance(samples[0], MultiTaskDataSample):
            samples = self.cast_data(samples)
        if training and self.batch_transforms is not None:
            inputs, mixed = self.batch_transforms(inputs, targets.joined(), data.get("sample_keys"))
            targets.part(mixed)
        if isinstance(inputs, Tensor):
            inputs = self.pad(self.normalize(inputs))
        else:
            inputs = self.stack(inputs)
        if training and self.batch_augments is not None and (joined := targets.joined()) is not None:
            inputs, mixed = self.batch_augments(inputs, joined)
            targets.part(mixed)
        if samples is not None:
            targets.share_out(samples)
        return {"inputs": inputs, "data_samples": samples}


@MODELS.register_module()
class ImgDataPreprocessor(Normalizer):
    """Normalises, pads and stacks images.

    Args:
        mean: Mean of each channel, in the order after the swap; None not to normalise.
        std: Standard deviation of each channel.
        pad_size_divisor: Pad both edges to a multiple of this number.
        pad_value: Value of padded pixels, after normalisation.
        bgr_to_rgb: Reverse the channels.
        rgb_to_bgr: Reverse the channels.
        non_blocking: Let the copy to the device run alongside.
    """

    def __init__(
        self,
        mean: Numbers | None = None,
        std: Numbers | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        bgr_to_rgb: bool = False,
        rgb_to_bgr: bool = False,
        non_blocking: bool | None = False,
    ) -> None:
        if bgr_to_rgb and rgb_to_bgr:
            raise ConfigError("bgr_to_rgb and rgb_to_bgr undo each other: set one of them", key="bgr_to_rgb")
        super().__init__(
            mean, std, pad_size_divisor, pad_value, bgr_to_rgb or rgb_to_bgr, non_blocking=non_blocking
        )

    def forward(self, data: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Turn ``inputs`` into a float tensor (B, C, H, W); other keys are moved to the device."""
        data = self.cast_data(data)
        inputs = data["inputs"]
        if isinstance(inputs, Tensor) and inputs.dim() != 4:
            raise DataError(f"inputs must be (batch, channels, height, width), got {tuple(inputs.shape)}")
        images = self.pad(self.normalize(inputs)) if isinstance(inputs, Tensor) else self.stack(inputs)
        return {"data_samples": None, **data, "inputs": images}
