"""The image encoder of `Segment Anything <https://arxiv.org/abs/2304.02643>`_."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.models.backbones.base_transformer import TransformerBackbone, vit_arch
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.models.layers.attention import biased_attention, merge_heads, split_heads
from mmpretrain.models.layers.build import per_layer
from mmpretrain.models.layers.configurable import Act, Norm, configurable, norm_from
from mmpretrain.models.layers.decomposed_position import decomposed_bias
from mmpretrain.models.layers.drop import drop_path_rates
from mmpretrain.models.layers.ffn import FFN
from mmpretrain.models.layers.layer_norm import LayerNorm2d
from mmpretrain.models.layers.patch_embed import PatchEmbed
from mmpretrain.models.layers.position_embed import resize_pos_embed
from mmpretrain.models.layers.shape import to_2tuple
from mmpretrain.models.layers.window_attention import window_partition, window_reverse
from mmpretrain.registry import MODELS

# Shapes: maps are (B, h, w, C).


class MapAttention(nn.Module):
    """Attention among all positions of a map, with a bias by relative position.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of heads.
        qkv_bias: Give queries, keys and values a bias.
        use_rel_pos: Add the bias; needs an ``input_size``.
        input_size: The usual size of the map.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int = 8,
        qkv_bias: bool = True,
        use_rel_pos: bool = False,
        input_size: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(embed_dims, embed_dims * 3, bias=qkv_bias)
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.use_rel_pos = use_rel_pos
        if use_rel_pos:
            if input_size is None:
                raise ValueError("use_rel_pos=True needs an input_size, got None")
            dims = embed_dims // num_heads
            self.rel_pos_h = nn.Parameter(torch.zeros(2 * input_size[0] - 1, dims))
            self.rel_pos_w = nn.Parameter(torch.zeros(2 * input_size[1] - 1, dims))

    def forward(self, x: Tensor) -> Tensor:
        """Mix the positions of a map (B, h, w, C)."""
        hw = (x.shape[1], x.shape[2])
        q, k, v = split_heads(self.qkv(x.flatten(1, 2)), 3, self.num_heads)
        bias = decomposed_bias(q, hw, hw, self.rel_pos_h, self.rel_pos_w) if self.use_rel_pos else None
        return self.proj(merge_heads(biased_attention(q, k, v, bias)).unflatten(1, hw))


@configurable
class SAMEncoderLayer(BaseModule):
    """Attention, in windows or among all positions, and a feed-forward network.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of attention heads.
        feedforward_channels: Number of hidden channels of the feed-forward network.
        drop_rate: Dropout rate of the feed-forward network.
        drop_path_rate: Stochastic-depth rate of the feed-forward network.
        num_fcs: Number of linear layers of the feed-forward network.
        qkv_bias: Give queries, keys and values a bias.
        act: The activation.
        norm: The normalisation.
        use_rel_pos: Add a bias by relative position.
        window_size: Side of a window; 0 for attention among all positions.
        input_size: The usual size of the map.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        qkv_bias: bool = True,
        act: Act = nn.GELU,
        norm: Norm = nn.LayerNorm,
        use_rel_pos: bool = False,
        window_size: int = 0,
        input_size: Sequence[int] | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.window_size = window_size
        self.ln1 = norm(embed_dims)
        size = to_2tuple(window_size) if window_size else input_size
        self.attn = MapAttention(embed_dims, num_heads, qkv_bias, use_rel_pos, size)
        self.ln2 = norm(embed_dims)
        self.ffn = FFN(
            embed_dims,
            feedforward_channels,
            num_fcs=num_fcs,
            ffn_drop=drop_rate,
            drop_path=drop_path_rate,
            act=act,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Transform a map (B, h, w, C)."""
        x = x + self.attend(self.ln1(x))
        return self.ffn(self.ln2(x), identity=x)

    def attend(self, x: Tensor) -> Tensor:
        """Mix the positions of each window; a map is padded to whole windows."""
        size = self.window_size
        if not size:
            return self.attn(x)
        height, width = x.shape[1], x.shape[2]
        bottom, right = -height % size, -width % size
        x = F.pad(x, (0, 0, 0, right, 0, bottom))
        x = window_reverse(self.attn(window_partition(x, size)), height + bottom, width + right, size)
        return x[:, :height, :width]


def _arch(width: int, layers: int, heads: int) -> dict[str, Any]:
    every = layers // 4
    return {
        **vit_arch(width, layers, heads, width * 4),
        "global_attn_indexes": list(range(every - 1, layers, every)),
    }


@MODELS.register_module()
class ViTSAM(TransformerBackbone):
    """The image encoder of SAM (`Segment Anything <https://arxiv.org/abs/2304.02643>`_).

    A Vision Transformer on maps whose layers, but for a few, attend within windows.

    ======== ========== ========== ========= ==================== ===================
    arch     embed_dims num_layers num_heads feedforward_channels global_attn_indexes
    ======== ========== ========== ========= ==================== ===================
    b, base  768        12         12        3072                 2, 5, 8, 11
    l, large 1024       24         16        4096                 5, 11, 17, 23
    h, huge  1280       32         16        5120                 7, 15, 23, 31
    ======== ========== ========== ========= ==================== ===================

    Args:
        arch: A name in ``arch_settings``, or a dict with its columns.
        img_size: The usual size of images; other sizes work too.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        out_channels: Reduce the outputs to so many channels; 0 leaves them as they are.
        out_indices: Layers whose output is returned; negative indices count from the end.
        out_type: What is returned: ``'raw'`` or ``'featmap'`` (B, C, h, w), or ``'avg_featmap'`` (B, C).
        drop_rate: Dropout rate of the embedded patches and of the feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        qkv_bias: Give queries, keys and values a bias.
        use_abs_pos: Add learnable position embeddings.
        use_rel_pos: Add a bias by relative position to attention.
        window_size: Side of a window.
        norm_cfg: The normalisation.
        interpolate_mode: How position embeddings are interpolated for other image sizes.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        layer_cfgs: Further arguments of the layers, for all or one by one.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        ("b", "base"): _arch(768, 12, 12),
        ("l", "large"): _arch(1024, 24, 16),
        ("h", "huge"): _arch(1280, 32, 16),
    }
    extra_tokens = ()
    OUT_TYPES = frozenset({"raw", "featmap", "avg_featmap"})
    pos_embed: nn.Parameter | None

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "base",
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        out_channels: int = 256,
        out_indices: int | Sequence[int] = -1,
        out_type: Literal["raw", "featmap", "avg_featmap"] = "raw",
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        use_abs_pos: bool = True,
        use_rel_pos: bool = True,
        window_size: int = 14,
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        frozen_stages: int = -1,
        interpolate_mode: str = "bicubic",
        patch_cfg: Mapping[str, Any] = {},
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        init_cfg: dict | list[dict] | None = None,
        *,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm = norm_from(norm_cfg)
        settings = self.set_arch(arch)
        self.img_size = to_2tuple(img_size)
        patches = {"in_channels": in_channels, "kernel_size": patch_size, "stride": patch_size, **patch_cfg}
        self.patch_embed = PatchEmbed(
            **{"input_size": self.img_size, "embed_dims": self.embed_dims, **patches}
        )
        assert self.patch_embed.init_out_size is not None
        self.patch_resolution = self.patch_embed.init_out_size
        self.interpolate_mode = interpolate_mode
        self.register_parameter("pos_embed", None)
        if use_abs_pos:
            self.pos_embed = nn.Parameter(torch.zeros(1, *self.patch_resolution, self.embed_dims))
        self.drop_after_pos = nn.Dropout(drop_rate)
        self.set_out_type(out_type)
        self.out_indices = self.take_indices(out_indices, self.num_layers)
        whole = settings["global_attn_indexes"]
        common = {key: settings[key] for key in ("embed_dims", "num_heads", "feedforward_channels")}
        common |= {"drop_rate": drop_rate, "qkv_bias": qkv_bias, "use_rel_pos": use_rel_pos}
        common |= {"norm": norm, "input_size": self.patch_resolution}
        self.layers = ModuleList()
        rates = drop_path_rates(drop_path_rate, self.num_layers)
        for i, cfg in enumerate(per_layer(layer_cfgs, self.num_layers)):
            own = {"window_size": 0 if i in whole else window_size, "drop_path_rate": rates[i]}
            self.layers.append(SAMEncoderLayer(**{**common, **own, **cfg}))
        self.out_channels = out_channels
        if out_channels > 0:
            self.channel_reduction = nn.Sequential(
                nn.Conv2d(self.embed_dims, out_channels, kernel_size=1, bias=False),
                LayerNorm2d(out_channels, eps=1e-6),
                nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1, bias=False),
                LayerNorm2d(out_channels, eps=1e-6),
            )
        self.register_load_state_dict_pre_hook(_fit_positions)
        self.freeze_declared(__class__)

    def freeze_groups(self) -> list[list[str]]:
        """The stem, then each layer; the last one with the reduction of channels."""
        groups = self.layer_groups()
        return [*groups[:-1], [*groups[-1], "channel_reduction"]]

    def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Make a map (B, h, w, C) of images, and its size."""
        x, hw = self.patch_embed(x)
        if self.pos_embed is not None:
            positions = self.pos_embed.flatten(1, 2)
            x = x + resize_pos_embed(positions, self.patch_resolution, hw, self.interpolate_mode, 0)
            x = self.drop_after_pos(x)
        return x.unflatten(1, hw), hw

    def encode(self, x: Tensor, hw: tuple[int, int]) -> list[Tensor]:
        """Run a map (B, h, w, C) through the layers; return what those in ``out_indices`` put out."""
        outs = []
        for i, layer in enumerate(self.layers):
            x = self.run(layer, x)
            if i in self.out_indices:
                outs.append(x)
        return outs

    def format(self, x: Tensor, hw: tuple[int, int]) -> Tensor:
        """Make an output of a map (B, h, w, C), see ``out_type``."""
        x = x.permute(0, 3, 1, 2)
        if self.out_channels > 0:
            x = self.channel_reduction(x)
        return x.flatten(2).mean(-1) if self.out_type == "avg_featmap" else x


def _fit_positions(module: ViTSAM, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Before a checkpoint is loaded, resize its embeddings of positions and of relative positions."""
    key = f"{prefix}pos_embed"
    loaded, wanted = state_dict.get(key), module.pos_embed
    if loaded is not None and wanted is not None and loaded.ndim == 4 and loaded.shape != wanted.shape:
        old, mode = loaded.shape[1:3], module.interpolate_mode
        resized = resize_pos_embed(loaded.flatten(1, 2), old, module.patch_resolution, mode, 0)
        state_dict[key] = resized.unflatten(1, module.patch_resolution)
    for name, parameter in module.named_parameters():
        table = state_dict.get(prefix + name)
        if "rel_pos_" not in name or table is None or table.ndim != 2 or len(table) == len(parameter):
            continue
        resized = F.interpolate(table.float().T.unsqueeze(0), size=len(parameter), mode="linear")
        state_dict[prefix + name] = resized.squeeze(0).T.to(table.dtype)
