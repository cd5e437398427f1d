"""Transforms of Albumentations, which is not required."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

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
        keymap: Key in the results to its name in Albumentations, for all that is passed on; by default only
            ``img``, to ``image``.

    Example:
        >>> Albumentations([dict(type='HorizontalFlip', p=0.5), dict(type='RandomBrightnessContrast', p=0.2)])
    """

    def __init__(
        self, transforms: Sequence[Mapping[str, Any]], keymap: Mapping[str, str] | None = None
    ) -> None:
        library = optional_import("albumentations", feature="Albumentations")
        self.transforms = transforms
        self.keymap = dict(keymap or {"img": "image"})
        self.aug = library.Compose([_build(config, library) for config in transforms])

    def transform(self, results: dict) -> dict:
        if hasattr(self.aug, "set_random_seed"):  # newer versions have their own generators
            self.aug.set_random_seed(int(np.random.randint(2**31)))
        # Albumentations refuses keys that it does not know, and there may be any number of others.
        augmented = self.aug(**{name: results[key] for key, name in self.keymap.items() if key in results})
        results.update((key, augmented[name]) for key, name in self.keymap.items() if name in augmented)
        results["img_shape"] = results["img"].shape[:2]
        return results


Albu = Albumentations


def _build(config: Mapping[str, Any], library: Any) -> Any:
    require(
        isinstance(config, Mapping) and "type" in config,
        f"A transform of Albumentations must be a dict with a 'type', got {config!r}",
    )
    kind, args = config["type"], {key: value for key, value in config.items() if key != "type"}
    if "transforms" in args:
        args["transforms"] = [_build(inner, library) for inner in args["transforms"]]
    target = getattr(library, kind, None) if isinstance(kind, str) else kind
    if target is None:
        raise ConfigError(f"Albumentations has no transform {kind!r}")
    return target(**args)
