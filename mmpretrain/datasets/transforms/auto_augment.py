"""AutoAugment, RandAugment, and the policies that came after them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mmpretrain.datasets.transforms.auto_augment_base import BaseAugTransform
from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import one_of, require
from mmpretrain.datasets.transforms.policies import AUTOAUG_POLICIES, RANDAUG_POLICIES
from mmpretrain.datasets.transforms.randomness import cache_randomness, rand_below
from mmpretrain.datasets.transforms.wrappers import RandomChoice
from mmpretrain.registry import TRANSFORMS, resolve_type

PAD = {"pad_val": 128}


def merge_hparams(policy: Mapping[str, Any], hparams: Mapping[str, Any]) -> dict[str, Any]:
    """Add to the config of an operation those hyperparameters that it takes and does not set."""
    operation = resolve_type(policy["type"], TRANSFORMS)
    accepted = inspect.signature(operation).parameters
    return {**{key: value for key, value in hparams.items() if key in accepted}, **policy}


@TRANSFORMS.register_module()
class AutoAugment(RandomChoice):
    """Apply one sub-policy, drawn at random; from `AutoAugment <https://arxiv.org/abs/1805.09501>`_.

    Args:
        policies: ``'imagenet'``, or a list of sub-policies, each a list of configs.
        hparams: Arguments for all operations that take and do not set them.
    """

    def __init__(
        self, policies: str | Sequence[Sequence[Mapping[str, Any]]], hparams: Mapping[str, Any] = PAD
    ) -> None:
        if isinstance(policies, str):
            one_of("policies", policies, AUTOAUG_POLICIES)
            policies = AUTOAUG_POLICIES[policies]
        self.hparams = hparams
        self.policies = [[merge_hparams(operation, hparams) for operation in sub] for sub in policies]
        super().__init__(self.policies)


@TRANSFORMS.register_module()
class RandAugment(BaseTransform):
    """Apply a few operations of equal strength; from `RandAugment <https://arxiv.org/abs/1909.13719>`_.

    Args:
        policies: ``'timm_increasing'``, ``'simple_increasing'``, or a list of configs. Operations with a
            ``magnitude_range`` get the three settings of the magnitude.
        num_policies: Number of operations, drawn with replacement.
        magnitude_level: Level of the strength.
        magnitude_std: Standard deviation of the level, or ``'inf'`` for a uniform draw from 0 to the level.
        total_level: The highest level.
        hparams: Arguments for all operations that take and do not set them.
    """

    def __init__(
        self,
        policies: str | Sequence[Mapping[str, Any]],
        num_policies: int,
        magnitude_level: int,
        magnitude_std: float | str = 0.0,
        total_level: int = 10,
        hparams: Mapping[str, Any] = PAD,
    ) -> None:
        if isinstance(policies, str):
            one_of("policies", policies, RANDAUG_POLICIES)
            policies = RANDAUG_POLICIES[policies]
        require(
            isinstance(magnitude_std, (int, float)) or magnitude_std == "inf",
            f"magnitude_std must be a number or 'inf', got {magnitude_std!r}",
            key="magnitude_std",
        )
        require(
            num_policies > 0, f"num_policies must be greater than 0, got {num_policies!r}", key="num_policies"
        )
        require(
            magnitude_level >= 0,
            f"magnitude_level must be at least 0, got {magnitude_level!r}",
            key="magnitude_level",
        )
        require(
            total_level > 0, f"total_level must be greater than 0, got {total_level!r}", key="total_level"
        )
        self.num_policies = num_policies
        self.magnitude_level = magnitude_level
        self.magnitude_std = magnitude_std
        self.total_level = total_level
        self.hparams = hparams
        magnitude = {
            "magnitude_level": magnitude_level,
            "magnitude_std": magnitude_std,
            "total_level": total_level,
        }
        self.policies = []
        for policy in policies:
            require(
                isinstance(policy, Mapping) and "type" in policy,
                f"A policy of RandAugment must be a dict with a 'type', got {policy!r}",
                key="policies",
            )
            merged = merge_hparams(policy, hparams)
            merged.pop("magnitude_key", None)  # of 0.x
            if "magnitude_range" in merged:
                bounds = merged["magnitude_range"]
                require(
                    isinstance(bounds, Sequence) and len(bounds) == 2,
                    f"magnitude_range of {merged['type']} must be two numbers, got {bounds!r}",
                    key="policies",
                )
                merged.update(magnitude)
            self.policies.append(merged)
        self.transforms = [TRANSFORMS.build(policy) for policy in self.policies]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.transforms)

    @cache_randomness
    def random_policy_indices(self) -> list[int]:
        """Draw which operations to apply."""
        # What np.random.choice draws, in a tenth of its time.
        return [rand_below(len(self.policies)) for _ in range(self.num_policies)]

    def transform(self, results: dict) -> dict | None:
        for index in self.random_policy_indices():
            results = self.transforms[index](results)
            if results is None:
                return None
        return results


class _Identity(BaseAugTransform):
    """Change nothing."""

    def apply(self, img: np.ndarray) -> np.ndarray:
        return img


#: The wide search space of `TrivialAugment <https://arxiv.org/abs/2103.10158>`_. Translation is in parts of
#: the edge, 32 of 224 pixels.
TRIVIAL_WIDE: tuple[dict[str, Any], ...] = (
    {"type": _Identity},
    {"type": "Shear", "magnitude_range": (0, 0.99), "direction": "horizontal"},
    {"type": "Shear", "magnitude_range": (0, 0.99), "direction": "vertical"},
    {"type": "Translate", "magnitude_range": (0, 32 / 224), "direction": "horizontal"},
    {"type": "Translate", "magnitude_range": (0, 32 / 224), "direction": "vertical"},
    {"type": "Rotate", "magnitude_range": (0, 135)},
    {"type": "Brightness", "magnitude_range": (0, 0.99)},
    {"type": "ColorTransform", "magnitude_range": (0, 0.99)},
    {"type": "Contrast", "magnitude_range": (0, 0.99)},
    {"type": "Sharpness", "magnitude_range": (0, 0.99)},
    {"type": "Posterize", "magnitude_range": (8, 2)},
    {"type": "Solarize", "magnitude_range": (256, 0)},
    {"type": "AutoContrast"},
    {"type": "Equalize"},
)


@TRANSFORMS.register_module()
class TrivialAugmentWide(RandAugment):
    """Apply one operation of random strength; there is nothing to tune.

    From `TrivialAugment <https://arxiv.org/abs/2103.10158>`_, with its wide search space.

    Args:
        hparams: Arguments for all operations that take and do not set them, such as ``pad_val`` and
            ``interpolation``.
        num_levels: Strengths are drawn from so many levels, the lowest included.
    """

    def __init__(self, hparams: Mapping[str, Any] = PAD, num_levels: int = 31) -> None:
        require(num_levels > 1, f"num_levels must be greater than 1, got {num_levels!r}", key="num_levels")
        operations = [{**operation, "prob": 1.0} for operation in TRIVIAL_WIDE]
        super().__init__(operations, 1, num_levels - 1, total_level=num_levels - 1, hparams=hparams)
        self.num_levels = num_levels

    @cache_randomness
    def random_level(self) -> int:
        """Draw the level of the strength."""
        return np.random.randint(self.num_levels)

    def transform(self, results: dict) -> dict | None:
        level = self.random_level()
        (index,) = self.random_policy_indices()
        self.transforms[index].magnitude_level = level
        return self.transforms[index](results)


#: Operations of AugMix that are not in the benchmarks of corrupted images, with their strengths at level 10.
AUGMIX: tuple[dict[str, Any], ...] = (
    {"type": "AutoContrast"},
    {"type": "Equalize"},
    {"type": "Posterize", "magnitude_range": (4, 0)},
    {"type": "Rotate", "magnitude_range": (0, 30)},
    {"type": "Solarize", "magnitude_range": (256, 0)},
    {"type": "Shear", "magnitude_range": (0, 0.3), "direction": "horizontal"},
    {"type": "Shear", "magnitude_range": (0, 0.3), "direction": "vertical"},
    {"type": "Translate", "magnitude_range": (0, 1 / 3), "direction": "horizontal"},
    {"type": "Translate", "magnitude_range": (0, 1 / 3), "direction": "vertical"},
)


@TRANSFORMS.register_module()
class AugMix(BaseTransform):
    """Blend the image with a mixture of chains of operations.

    From `AugMix <https://arxiv.org/abs/1912.02781>`_.

    Args:
        severity: Highest level of the operations, out of 10; each draws one uniformly.
        mixture_width: Number of chains.
        chain_depth: Operations in a chain; -1 draws 1 to 3.
        alpha: Parameter of the Dirichlet and beta distributions of the weights.
        policies: Configs of the operations, by default those of the paper.
        hparams: Arguments for all operations that take and do not set them.
    """

    def __init__(
        self,
        severity: float = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        policies: Sequence[Mapping[str, Any]] = AUGMIX,
        hparams: Mapping[str, Any] = PAD,
    ) -> None:
        require(0 <= severity <= 10, f"severity must lie between 0 and 10, got {severity!r}", key="severity")
        require(
            mixture_width > 0,
            f"mixture_width must be greater than 0, got {mixture_width!r}",
            key="mixture_width",
        )
        require(
            chain_depth == -1 or chain_depth > 0,
            f"chain_depth must be -1 or positive, got {chain_depth!r}",
            key="chain_depth",
        )
        require(alpha > 0, f"alpha must be greater than 0, got {alpha!r}", key="alpha")
        self.severity = severity
        self.mixture_width = mixture_width
        self.chain_depth = chain_depth
        self.alpha = alpha
        operations = [{**policy, "prob": 1.0} for policy in policies]
        self.chain = RandAugment(operations, 1, severity, magnitude_std="inf", hparams=hparams)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.chain.transforms)

    @cache_randomness
    def random_weights(self) -> tuple[np.ndarray, float]:
        """Draw the weights of the chains, and that of the image itself."""
        weights = np.random.dirichlet([self.alpha] * self.mixture_width)
        return weights, np.random.beta(self.alpha, self.alpha)

    @cache_randomness
    def random_chain(self) -> list[int]:
        """Draw the operations of one chain."""
        depth = self.chain_depth if self.chain_depth > 0 else np.random.randint(1, 4)
        return np.random.choice(len(self.chain.transforms), size=depth).tolist()

    def transform(self, results: dict) -> dict:
        img = results["img"]
        weights, own = self.random_weights()
        mixture = img.astype(np.float32) * own
        for weight in weights:
            branch = {"img": img.copy()}
            for index in self.random_chain():
                branch = self.chain.transforms[index](branch)
            mixture += branch["img"].reshape(img.shape) * np.float32((1 - own) * weight)
        mixture = np.clip(mixture, 0, 255)
        results["img"] = (np.rint(mixture) if img.dtype.kind in "iu" else mixture).astype(img.dtype)
        return results


@TRANSFORMS.register_module()
class ThreeAugment(RandomChoice):
    """Make the image grey, solarise it or blur it; from `DeiT III <https://arxiv.org/abs/2204.07118>`_.

    Args:
        radius: Range of the radius of the blur.
        thr: Threshold of the solarisation.
    """

    def __init__(self, radius: tuple[float, float] = (0.1, 2.0), thr: float = 128) -> None:
        self.radius = radius
        self.thr = thr
        grey = {"type": "RandomGrayscale", "prob": 1.0, "keep_channels": True}
        blur = {"type": "GaussianBlur", "magnitude_range": radius, "magnitude_std": "inf", "prob": 1.0}
        super().__init__(
            [
                {**grey, "channel_weights": (0.114, 0.587, 0.2989)},
                {"type": "Solarize", "thr": thr, "prob": 1.0},
                blur,
            ]
        )
