"""The extra layers of BEiT v2: https://arxiv.org/abs/2208.06366."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.beit import BEiTTransformerEncoderLayer
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.configurable import norm_from
from mmpretrain.models.layers.drop import drop_path_rates
from mmpretrain.registry import MODELS

ARCHS = {
    "base": {"embed_dims": 768, "depth": 12, "num_heads": 12, "feedforward_channels": 3072},
    "large": {"embed_dims": 1024, "depth": 24, "num_heads": 16, "feedforward_channels": 4096},
}


@MODELS.register_module()
class BEiTV2Neck(BaseModule):
    """Layers that see the class token of the last layer and the patches of an early one.

    So the class token has to know the image (`BEiT v2 <https://arxiv.org/abs/2208.06366>`_).

    Args:
        num_layers: Number of extra layers.
        early_layers: The backbone's layer whose patches they see.
        backbone_arch: The backbone's arch: ``'base'``, ``'large'``, or a dict with ``embed_dims``, ``depth``
            (or ``num_layers``), ``num_heads`` and ``feedforward_channels``.
        drop_rate: Dropout rate after attention and feed-forward networks.
        drop_path_rate: Stochastic-depth rate that the backbone's last layer would have.
        layer_scale_init_value: Start value of the layer scales; None or 0 for none.
        use_rel_pos_bias: Not available: the layers take the backbone's bias.
        norm_cfg: The normalisation.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        num_layers: int = 2,
        early_layers: int = 9,
        backbone_arch: str | Mapping[str, int] = "base",
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float | None = 0.1,
        use_rel_pos_bias: bool = False,
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        init_cfg: dict | list[dict] | None = {  # noqa: B006
            "type": "TruncNormal",
            "layer": "Linear",
            "std": 0.02,
            "bias": 0,
        },
    ) -> None:
        super().__init__(init_cfg)
        norm = norm_from(norm_cfg)
        if use_rel_pos_bias:
            raise ArgumentError(
                "BEiTV2Neck has no grid of patches for biases of its own",
                hint="Leave out use_rel_pos_bias: the neck takes the backbone's shared bias.",
                key="use_rel_pos_bias",
            )
        arch = self.arch_settings = _settings(backbone_arch)
        depth = arch.get("depth", arch.get("num_layers", 0))
        rates = drop_path_rates(drop_path_rate, max(depth, early_layers + num_layers))
        width = arch["embed_dims"]
        self.early_layers = early_layers
        self.patch_aggregation = nn.ModuleList(
            BEiTTransformerEncoderLayer(
                width,
                arch["num_heads"],
                arch["feedforward_channels"],
                layer_scale_init_value=layer_scale_init_value or 0.0,
                window_size=None,
                use_rel_pos_bias=False,
                drop_rate=drop_rate,
                drop_path_rate=rate,
                norm=norm,
            )
            for rate in rates[early_layers : early_layers + num_layers]
        )
        self.norm = norm(width)

    def forward(
        self, inputs: Sequence[Tensor], rel_pos_bias: Tensor | None = None, **_: Any
    ) -> tuple[Tensor, Tensor]:
        """Normalise the patches, and those that saw the class token only.

        Args:
            inputs: The class token and the patches (B, 1 + L, C) of an early layer, and of the last.
            rel_pos_bias: Bias (num_heads, 1 + L, 1 + L) of the attention.

        Returns:
            Patches of the last layer, and of the extra layers, each (B, L, C).
        """
        early, last = inputs
        x = torch.cat((last[:, :1], early[:, 1:]), dim=1)
        for layer in self.patch_aggregation:
            x = layer(x, rel_pos_bias)
        return self.norm(last)[:, 1:], self.norm(x)[:, 1:]


def _settings(arch: str | Mapping[str, int]) -> Mapping[str, int]:
    if isinstance(arch, Mapping):
        missing = {"embed_dims", "num_heads", "feedforward_channels"} - set(arch)
        if missing:
            raise ArgumentError(f"backbone_arch lacks {sorted(missing)}", key="backbone_arch")
        return arch
    name = {"b": "base", "l": "large"}.get(str(arch).lower(), str(arch).lower())
    if name not in ARCHS:
        raise ArgumentError(
            f"BEiTV2Neck has no arch {arch!r}",
            hint=f"It has {', '.join(ARCHS)}; for others, give a dict.",
            key="backbone_arch",
        )
    return ARCHS[name]
