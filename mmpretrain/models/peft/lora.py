"""Low-rank adaptation."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.base import BaseModule
from mmpretrain.registry import MODELS
from mmpretrain.utils.suggest import did_you_mean

logger = logging.getLogger(__name__)

#: What the names of the parameters that are trained and saved have in common.
MARK = ".lora_"


class LoRALinear(nn.Module):
    """A linear layer W plus a product of two thin ones: ``W x + (alpha / rank) B A x``; B starts at zero.

    Args:
        original_layer: The linear layer.
        alpha: Strength of the addition.
        rank: Width between the thin layers.
        drop_rate: Dropout before the thin layers.
    """

    def __init__(
        self, original_layer: nn.Linear, alpha: float = 1, rank: int = 0, drop_rate: float = 0.0
    ) -> None:
        super().__init__()
        if rank < 1:
            raise ConfigError(f"LoRA needs a rank of at least 1, got {rank!r}", key="rank")
        self.lora_dropout = nn.Dropout(drop_rate)
        self.lora_down = nn.Linear(original_layer.in_features, rank, bias=False)
        self.lora_up = nn.Linear(rank, original_layer.out_features, bias=False)
        self.scaling = alpha / rank
        nn.init.kaiming_uniform_(self.lora_down.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_up.weight)
        self.original_layer = original_layer

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., out_features)."""
        return self.original_layer(x) + self.lora_up(self.lora_down(self.lora_dropout(x))) * self.scaling


@MODELS.register_module()
class LoRAModel(BaseModule):
    """A model of which only low-rank additions to some linear layers are trained and saved.

    See `LoRA <https://arxiv.org/abs/2106.09685>`_. Attributes that it does not have are those of the model.

    Args:
        module: The model, or its config; it is initialised first, with its pretrained weights.
        alpha: Strength of the additions.
        rank: Their rank.
        drop_rate: Dropout before them.
        targets: Which linear layers: each ``type`` is the end of their names, or a regular expression for the
            whole names. ``alpha``, ``rank`` and ``drop_rate`` may be set for each.
        data_preprocessor: That of a ``module`` which is a whole model and has none; runs give it.

    Example:
        >>> LoRAModel(
        ...     module=dict(type='VisionTransformer', arch='b'),
        ...     alpha=4,
        ...     rank=4,
        ...     targets=[dict(type='.*qkv'), dict(type='proj', alpha=8, rank=8)])
    """

    def __init__(
        self,
        module: dict | nn.Module,
        alpha: float = 1,
        rank: int = 0,
        drop_rate: float = 0.0,
        targets: Sequence[Mapping[str, Any]] = (),
        data_preprocessor: dict | None = None,
    ) -> None:
        super().__init__()
        if not targets:
            raise ConfigError("LoRAModel needs targets, such as [dict(type='qkv')]", key="targets")
        if data_preprocessor is not None and isinstance(module, Mapping):
            module = {"data_preprocessor": data_preprocessor, **module}
        self.module = MODELS.build(module)
        self.module.init_weights()
        self.alpha = alpha
        self.rank = rank
        self.drop_rate = drop_rate
        self.targets = targets
        self.apply_lora()
        for name, parameter in self.named_parameters():
            parameter.requires_grad = MARK in name
        self._loading_prefix = ""
        self._register_state_dict_hook(_keep_additions)
        self._register_load_state_dict_pre_hook(_remember_prefix, with_module=True)
        self.register_load_state_dict_post_hook(_expect_additions)

    def apply_lora(self) -> None:
        """Put additions onto the linear layers that the targets name; the first that fits counts."""
        linear = {name: layer for name, layer in self.module.named_modules() if isinstance(layer, nn.Linear)}
        chosen = 0
        for name, layer in linear.items():
            target = next((t for t in self.targets if _matches(t["type"], name)), None)
            if target is None:
                continue
            defaults = {"alpha": self.alpha, "rank": self.rank, "drop_rate": self.drop_rate}
            options = {key: target.get(key, value) for key, value in defaults.items()}
            parent, _, child = name.rpartition(".")
            setattr(self.module.get_submodule(parent), child, LoRALinear(layer, **options))
            logger.info("LoRA for %s with %s", name, options)
            chosen += 1
        if not chosen:
            wanted = [target["type"] for target in self.targets]
            raise ConfigError(
                f"No linear layer matches targets {wanted}",
                hint=did_you_mean(wanted[0], {name.rpartition(".")[2] for name in linear})
                or f"There are, for example: {', '.join(list(linear)[:5])}.",
                key="targets",
            )

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the model."""
        return self.module(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "module":  # not there yet
                raise
            return getattr(self.module, name)


def _matches(pattern: str, name: str) -> bool:
    return name.endswith(pattern) or re.fullmatch(pattern, name) is not None


def _keep_additions(module: nn.Module, state_dict: dict[str, Any], prefix: str, local_metadata: Any) -> None:
    for key in [key for key in state_dict if key.startswith(prefix) and MARK not in key]:
        del state_dict[key]


def _remember_prefix(module: LoRAModel, state_dict: Any, prefix: str, *args: Any) -> None:
    module._loading_prefix = prefix


def _expect_additions(module: LoRAModel, incompatible_keys: Any) -> None:
    """Neither miss nor mind the rest of the model in a state dict that is being loaded."""
    for keys in (incompatible_keys.missing_keys, incompatible_keys.unexpected_keys):
        keys[:] = [key for key in keys if MARK in key or not key.startswith(module._loading_prefix)]
