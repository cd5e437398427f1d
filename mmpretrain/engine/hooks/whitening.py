"""Filters of a first layer that come from the training images."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS
from mmpretrain.utils.seeding import preserved_rng, seed_everything

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

logger = logging.getLogger("mmpretrain")


@HOOKS.register_module()
class WhiteningHook(Hook):
    """Sets the whitening layer of a backbone, such as :class:`.AirbenchNet`, before the first step.

    A resumed run keeps its layer.

    Args:
        num_samples: Number of training images, spread evenly over the data set.
        eps: Added to the variances of the patches.
    """

    priority = "VERY_HIGH"

    def __init__(self, num_samples: int = 5000, eps: float = 5e-4) -> None:
        if not isinstance(num_samples, int) or num_samples < 1:
            raise ConfigError(f"num_samples must be at least 1, got {num_samples!r}", key="num_samples")
        if eps <= 0:
            raise ConfigError(f"eps must be positive, got {eps!r}", key="eps")
        self.num_samples = num_samples
        self.eps = eps

    def before_train(self, runner: Session) -> None:
        if runner.iter > 0:
            return
        model = unwrap(runner.model)
        layers = [module for module in model.modules() if hasattr(module, "whiten_patches")]
        if not layers:
            raise ConfigError(
                "WhiteningHook finds no layer to whiten: no part of the model has whiten_patches()",
                hint="Use model.backbone=dict(type='AirbenchNet'), or take the hook out of custom_hooks.",
                where="custom_hooks",
            )
        images = self._images(runner, model)
        for layer in layers:
            layer.whiten_patches(images, self.eps)
        logger.info("Whitened the first layer with %d training images.", len(images))

    def _images(self, runner: Session, model: Any) -> torch.Tensor:
        """Training images without augmentation on the device, (N, C, H, W)."""
        loader = runner.train_loop.dataloader
        count = min(self.num_samples, len(loader.dataset))
        indices = np.linspace(0, len(loader.dataset) - 1, count).astype(int).tolist()
        with preserved_rng():
            seed_everything(runner.seed, 0)
            samples = [loader.dataset[index] for index in indices]
        parts = [loader.collate_fn(samples[start : start + 500]) for start in range(0, count, 500)]
        return torch.cat([model.data_preprocessor(part, False)["inputs"] for part in parts])
