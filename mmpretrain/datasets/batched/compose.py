"""The list of transforms that a data preprocessor applies to each batch in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmpretrain.datasets.batched.base import Batch, BatchTransform
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import BATCH_TRANSFORMS
from mmpretrain.utils.keyed_draws import Draws, mixed

#: Where the numbers of further views begin, behind those of the places of transforms.
VIEWS = 1 << 32

#: Normalised values are smaller.
_DARK = 16.0


@BATCH_TRANSFORMS.register_module()
class BatchTransforms:
    """Applies transforms to a batch, one after the other.

    Each sample draws from its key (seed, epoch, index), so that the result depends neither on the device nor
    on the batch size, the workers or the number of processes. Only the partners of :class:`.BatchMixup` and
    its kin come from the batch.

    Args:
        transforms: Configs or callables that change a :class:`Batch`.
    """

    def __init__(self, transforms: Sequence[Mapping[str, Any] | BatchTransform]) -> None:
        if isinstance(transforms, (str, Mapping)) or not isinstance(transforms, Sequence):
            raise ConfigError(
                f"batch_transforms must be a list of dicts with a 'type', got {transforms!r}",
                key="batch_transforms",
            )
        self.transforms: list[BatchTransform] = [BATCH_TRANSFORMS.build(item) for item in transforms]
        self._checked = False

    @property
    def mixes(self) -> bool:
        """Whether labels are mixed."""
        return any(getattr(transform, "mixes", False) for transform in self.transforms)

    def __call__(
        self, images: Tensor | Sequence[Tensor], scores: Tensor | None, keys: Any = None, view: int = 0
    ) -> tuple[Tensor, Tensor | None]:
        """Augment images (B, C, H, W) of pixel values, and one-hot labels (B, K).

        Args:
            images: The images, on any device.
            scores: Their labels, if there are any.
            keys: What the data loader sent with the samples, (B, 3): sample, epoch, turn. A training
                loop of your own may leave them out; torch's generator then draws them.
            view: Which view of the samples it is; each draws for itself.
        """
        images = _stacked(images)
        if self.mixes and scores is None:
            raise DataError(
                "batch_transforms mix one-hot labels, and the samples have none",
                hint="Take Mixup and CutMix out of batch_transforms.",
            )
        numbers = _numbers(keys, len(images))
        samples = mixed(np.zeros(len(images), dtype=np.uint64), numbers[:, 0])
        draws = Draws(mixed(mixed(samples, numbers[:, 1]), numbers[:, 2]))
        draws = draws.fork(VIEWS + view) if view else draws
        is_8_bit = images.dtype == torch.uint8 or images.is_floating_point()
        with torch.no_grad(), torch.autocast(images.device.type, enabled=False):
            batch = Batch(images.float(), draws, samples, numbers[:, 1] + numbers[:, 2], scores, is_8_bit)
            if not self._checked:
                self._check_values(batch.images)
            for place, transform in enumerate(self.transforms):
                batch.draws = draws.fork(place)
                transform(batch)
        return batch.images, batch.scores

    def _check_values(self, images: Tensor) -> None:
        """Look at the first batch: normalised images have other values than the transforms expect."""
        self._checked = True
        low, high = float(images.min()), float(images.max())
        if low < 0 and high < _DARK:  # resized floats may go some way below 0, where they go up to 255
            raise DataError(
                "batch_transforms work on pixel values, and the images have negative ones",
                hint="Take Normalize out of the pipeline and set mean and std of the data_preprocessor.",
            )


def _stacked(images: Tensor | Sequence[Tensor]) -> Tensor:
    if not isinstance(images, Tensor):
        shapes = sorted({tuple(image.shape) for image in images})
        if len(shapes) > 1:
            raise DataError(
                f"batch_transforms need images of one size, got {', '.join(map(str, shapes[:4]))}",
                hint="Resize or crop them in the pipeline first.",
            )
        images = torch.stack(list(images))
    if images.ndim != 4:
        raise DataError(
            f"batch_transforms take images (batch, channels, height, width), got {tuple(images.shape)}"
        )
    return images


def _numbers(keys: Any, count: int) -> np.ndarray:
    """The keys as an array (B, 3)."""
    if keys is None:
        return torch.randint(2**62, (count, 3)).numpy()
    rows = keys if isinstance(keys, Tensor) else torch.stack(list(keys))
    return rows.cpu().numpy()
