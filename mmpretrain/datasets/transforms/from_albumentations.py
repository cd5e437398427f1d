"""Transforms of Albumentations, which is not required."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import require
from mmpretrain.errors import ConfigError
from mmpretrain.registry import TRANSFORMS
from mmpretrain.utils.optional import optional_import


@TRANSFORMS.register_module(["Albumentations", "Albu"])
class Albumentations(BaseTransform):
    """Apply transforms of Albumentations; sets ``img`` and ``img_shape``.

    Args:
        transforms: Their configs; ``type`` is a name or a class, and ``transforms`` may nest.
        keymap: Key in the results to its name in Albumentations; by default ``img`` to ``image``.

    Example:
        >>> Albumentations([dict(type='HorizontalFlip', p=0.5), dict(type='RandomBrightnessContrast', p=0.2)])
    """

    def __init__(
        self, transforms: Sequence[Mapping[str, Any]], keymap: Mapping[str, str] | None = None
    ) -> None:
        self.albumentations = optional_import("albumentations", feature="Albumentations")
        self.transforms = transforms
        self.keymap = dict(keymap or {"img": "image"})
        self.aug = self.albumentations.Compose([self._build(config) for config in transforms])

    def _build(self, config: Mapping[str, Any]) -> Any:
        require(
            isinstance(config, Mapping) and "type" in config,
            f"A transform of Albumentations must be a dict with a 'type', got {config!r}",
        )
        kind, args = config["type"], {key: value for key, value in config.items() if key != "type"}
        if "transforms" in args:
            args["transforms"] = [self._build(inner) for inner in args["transforms"]]
        target = getattr(self.albumentations, kind, None) if isinstance(kind, str) else kind
        if target is None:
            raise ConfigError(f"Albumentations has no transform {kind!r}")
        return target(**args)

    def transform(self, results: dict) -> dict:
        back = {name: key for key, name in self.keymap.items()}
        augmented: dict[str, Any] = self.aug(
            **{str(self.keymap.get(key, key)): value for key, value in results.items()}
        )
        results = {back.get(name, name): value for name, value in augmented.items()}
        results["img_shape"] = results["img"].shape[:2]
        return results


Albu = Albumentations
