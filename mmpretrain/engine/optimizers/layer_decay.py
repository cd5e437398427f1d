"""Learning rates that grow with the depth of a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from mmpretrain.engine.optimizers.constructor import DefaultOptimWrapperConstructor, Place
from mmpretrain.errors import ConfigError
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LearningRateDecayOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Multiplies the learning rate by ``layer_decay_rate`` for each layer below the last.

    The model says with ``get_layer_depth(name)`` to which layer a parameter belongs. Besides
    ``layer_decay_rate``, ``paramwise_cfg`` knows ``custom_keys`` (for weight decay and other settings),
    ``bias_decay_mult``, ``norm_decay_mult`` and ``flat_decay_mult``, as in
    :class:`DefaultOptimWrapperConstructor`.
    """

    OPTIONS = DefaultOptimWrapperConstructor.OPTIONS - {"bias_lr_mult", "dcn_offset_lr_mult"} | {
        "layer_decay_rate"
    }
    _get_layer_depth: Callable[[str], tuple[int, int]]

    def add_params(
        self,
        params: list[dict[str, Any]],
        module: nn.Module,
        prefix: str = "",
        is_dcn_module: bool | None = None,
    ) -> None:
        """Append a group for each parameter of a model that has ``get_layer_depth``."""
        if not hasattr(module, "get_layer_depth"):
            raise ConfigError(
                f"Layer-wise learning rates need a model with get_layer_depth(name), and "
                f"{type(module).__name__} has none",
                hint="Add the method, or leave out 'constructor' in optim_wrapper.",
            )
        self._get_layer_depth = module.get_layer_depth  # type: ignore[assignment]
        super().add_params(params, module, prefix, is_dcn_module)

    def options(self, place: Place) -> dict[str, Any]:
        """Return the settings of one parameter, its layer among them."""
        options: dict[str, Any] = {}
        if self.base_wd is not None:
            custom = self.custom_options(place.path)
            decay = self.decay_mult(place) if custom is None else custom.get("decay_mult", 1.0)
            options["weight_decay"] = self.base_wd * (1.0 if decay is None else decay)
            options.update((key, value) for key, value in (custom or {}).items() if key != "decay_mult")
        layer, count = self._get_layer_depth(place.path)
        scale = self.paramwise_cfg.get("layer_decay_rate", 1.0) ** (count - layer - 1)
        return {
            **options,
            "lr": self.base_lr * scale,
            "lr_scale": scale,
            "layer_id": layer,
            "param_name": place.path,
        }
