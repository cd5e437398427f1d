"""MLP-Mixer: https://arxiv.org/abs/2105.01601."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmpretrain.errors import DataError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.models.layers.build import per_layer
from mmpretrain.models.layers.configurable import Act, Norm, act_from, configurable, norm_from
from mmpretrain.models.layers.ffn import FFN
from mmpretrain.models.layers.patch_embed import PatchEmbed
from mmpretrain.models.layers.shape import to_2tuple
from mmpretrain.registry import MODELS


@configurable
class MixerBlock(BaseModule):
    """Two feed-forward networks, one across the tokens and one across the channels.

    Args:
        num_tokens: Number of tokens N.
        embed_dims: Number of channels C.
        tokens_mlp_dims: Number of hidden units across the tokens.
        channels_mlp_dims: Number of hidden units across the channels.
        drop_rate: Dropout rate after both networks.
        drop_path_rate: Stochastic-depth rate of both networks.
        num_fcs: Number of linear layers of both networks.
        act: The activation.
        norm: The normalisation.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        num_tokens: int,
        embed_dims: int,
        tokens_mlp_dims: int,
        channels_mlp_dims: int,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        act: Act = nn.GELU,
        norm: Norm = nn.LayerNorm,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        common = {
            "num_fcs": num_fcs,
            "ffn_drop": drop_rate,
            "drop_path": drop_path_rate,
            "act": act,
        }
        self.ln1 = norm(embed_dims)
        self.token_mix = FFN(num_tokens, tokens_mlp_dims, add_identity=False, **common)
        self.ln2 = norm(embed_dims)
        self.channel_mix = FFN(embed_dims, channels_mlp_dims, **common)

    def init_weights(self) -> None:
        """Initialise as ``init_cfg`` says, and the networks as in Vision Transformers."""
        super().init_weights()
        self.token_mix.init_as_vit()
        self.channel_mix.init_as_vit()

    def forward(self, x: Tensor) -> Tensor:
        """Mix tokens (B, N, C)."""
        x = x + self.token_mix(self.ln1(x).transpose(1, 2)).transpose(1, 2)
        return self.channel_mix(self.ln2(x), identity=x)


@MODELS.register_module()
class MlpMixer(BaseBackbone):
    """MLP-Mixer (`An all-MLP Architecture for Vision <https://arxiv.org/abs/2105.01601>`_).

    ======== ========== ========== =============== =================
    arch     embed_dims num_layers tokens_mlp_dims channels_mlp_dims
    ======== ========== ========== =============== =================
    s, small 512        8          256             2048
    b, base  768        12         384             3072
    l, large 1024       24         512             4096
    ======== ========== ========== =============== =================

    Args:
        arch: A name in ``arch_settings``, or a dict with ``embed_dims``, ``num_layers``, ``tokens_mlp_dims``
            and ``channels_mlp_dims``.
        img_size: Size of images; others are not accepted.
        patch_size: Size of a patch.
        out_indices: Layers whose output (B, C, N) is returned; negative indices count from the end.
        drop_rate: Dropout rate after the networks.
        drop_path_rate: Stochastic-depth rate of all layers.
        norm_cfg: The normalisation.
        act_cfg: The activation.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        layer_cfgs: Further arguments of the layers, for all or one by one.
        in_channels: Number of channels of the images.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        ("s", "small"): dict(embed_dims=512, num_layers=8, tokens_mlp_dims=256, channels_mlp_dims=2048),
        ("b", "base"): dict(embed_dims=768, num_layers=12, tokens_mlp_dims=384, channels_mlp_dims=3072),
        ("l", "large"): dict(embed_dims=1024, num_layers=24, tokens_mlp_dims=512, channels_mlp_dims=4096),
    }

    def __init__(
        self,
        arch: str | Mapping[str, int] = "base",
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = {"type": "LN"},
        act_cfg: Mapping[str, Any] = {"type": "GELU"},
        patch_cfg: Mapping[str, Any] = {},
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        init_cfg: dict | list[dict] | None = None,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        in_channels: int = 3,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act = norm_from(norm_cfg), act_from(act_cfg)
        settings = self.get_arch(arch)
        self.embed_dims = settings["embed_dims"]
        self.num_layers = settings["num_layers"]
        self.img_size = to_2tuple(img_size)
        self.patch_embed = PatchEmbed(
            **{
                "in_channels": in_channels,
                "input_size": self.img_size,
                "embed_dims": self.embed_dims,
                "kernel_size": patch_size,
                "stride": patch_size,
                **patch_cfg,
            }
        )
        height, width = self.patch_resolution = self.patch_embed.out_size(*self.img_size)
        self.out_indices = self.take_indices(out_indices, self.num_layers)
        layer = {
            **{key: value for key, value in settings.items() if key != "num_layers"},
            "num_tokens": height * width,
            "drop_rate": drop_rate,
            "drop_path_rate": drop_path_rate,
            "act": act,
            "norm": norm,
        }
        self.layers = ModuleList(
            MixerBlock(**{**layer, **cfg}) for cfg in per_layer(layer_cfgs, self.num_layers)
        )
        self.ln1 = norm(self.embed_dims)
        self.freeze_declared(__class__)

    def freeze_groups(self) -> list[list[str]]:
        """The patch embedding, then each layer; the last one with the norm after it."""
        groups = self.layer_groups()
        return [*groups[:-1], [*groups[-1], "ln1"]]

    def layer_groups(self) -> list[list[str]]:
        """The patch embedding, then each layer."""
        return [["patch_embed"], *([f"layers.{i}"] for i in range(self.num_layers))]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs (B, C, N) of the layers in ``out_indices`` for images (B, 3, H, W)."""
        if tuple(x.shape[2:]) != self.img_size:
            raise DataError(
                f"MlpMixer takes images of {self.img_size}, got {tuple(x.shape[2:])}",
                hint="Resize the images, or set img_size and train again.",
            )
        x, _ = self.patch_embed(x)
        outs = []
        for i, layer in enumerate(self.layers):
            x = self.run(layer, x)
            if i == self.num_layers - 1:
                x = self.ln1(x)
            if i in self.out_indices:
                outs.append(x.transpose(1, 2))
        return tuple(outs)
