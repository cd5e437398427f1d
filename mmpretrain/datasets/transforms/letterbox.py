"""Images of any shape on a canvas of one size."""

from __future__ import annotations

from collections.abc import Sequence

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import positive_pair, require
from mmpretrain.datasets.transforms.functional import geometry
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class Letterbox(BaseTransform):
    """Scale the image until it fits into a canvas, its aspect ratio kept, and fill what is left.

    Sets ``img``, ``img_shape``, ``pad_shape``, ``scale_factor`` (width, height) and ``keep_ratio``.

    Args:
        scale: (width, height) of the canvas; one number for a square.
        pad_val: Value of what is filled: one for all channels, or one for each.
        center: Put the image into the middle; otherwise into the upper left corner.
        enlarge: Enlarge images that are smaller than the canvas.
        interpolation: As of :class:`Resize`.
        backend: As of :class:`Resize`.
    """

    def __init__(
        self,
        scale: int | Sequence[int],
        pad_val: float | Sequence[float] = 0,
        center: bool = True,
        enlarge: bool = True,
        interpolation: str = "bilinear",
        backend: str = "cv2",
    ) -> None:
        geometry.check_resampling(backend, interpolation)
        self.scale = positive_pair("scale", scale)
        require(
            all(isinstance(edge, int) for edge in self.scale),
            f"scale must be whole numbers of pixels, got {scale!r}",
            key="scale",
        )
        self.pad_val = pad_val
        self.center = center
        self.enlarge = enlarge
        self.interpolation = interpolation
        self.backend = backend

    def transform(self, results: dict) -> dict:
        img = results["img"]
        height, width = img.shape[:2]
        factor = min(self.scale[0] / width, self.scale[1] / height)
        factor = factor if self.enlarge else min(factor, 1.0)
        size = tuple(max(1, round(edge * factor)) for edge in (width, height))
        if size != (width, height):
            img = geometry.imresize(img, (size[0], size[1]), self.interpolation, self.backend)
        free = [edge - used for edge, used in zip(self.scale, size)]
        before = [edge // 2 if self.center else 0 for edge in free]
        padding = (*before, free[0] - before[0], free[1] - before[1])
        fill = self.pad_val
        if isinstance(fill, (int, float)) and img.ndim == 3:
            fill = (fill,) * img.shape[2]
        results["img"] = geometry.impad(img, padding, fill)
        results["img_shape"] = results["img"].shape[:2]
        results["pad_shape"] = results["img"].shape
        results["scale_factor"] = (size[0] / width, size[1] / height)
        results["keep_ratio"] = True
        return results
