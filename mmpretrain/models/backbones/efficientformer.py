"""EfficientFormer (`Vision Transformers at MobileNet Speed <https://arxiv.org/abs/2206.01191>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base import ModuleList, Sequential
from mmpretrain.models.layers import ConvModule, DropPath, LayerScale, make_norm
from mmpretrain.models.layers.configurable import Act, act_from, configurable
from mmpretrain.models.layers.drop import stage_drop_path_rates
from mmpretrain.models.layers.offset_bias import Grid, OffsetBiasAttention, attend
from mmpretrain.models.layers.shape import to_image, to_tokens
from mmpretrain.registry import MODELS

#: Rows and columns that attention has biases for.
GRID = (7, 7)


class AttentionWithBias(OffsetBiasAttention):
    """Attention with biases by distance, for maps of up to 7×7.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of heads.
        key_dim: Channels of queries and keys of a head.
        attn_ratio: Channels of values, over ``key_dim``.
    """

    def __init__(
        self, embed_dims: int, num_heads: int = 8, key_dim: int = 32, attn_ratio: float = 4.0
    ) -> None:
        super().__init__(num_heads, GRID)
        self.key_dim, self.value_dim = key_dim, int(attn_ratio * key_dim)
        self.qkv = nn.Linear(embed_dims, (2 * key_dim + self.value_dim) * num_heads)
        self.proj = nn.Linear(self.value_dim * num_heads, embed_dims)

    def forward(self, x: Tensor, grid: Grid) -> Tensor:
        """Mix tokens (B, h * w, C) of a map of size ``grid``."""
        qkv = self.qkv(x).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
        q, k, v = qkv.split((self.key_dim, self.key_dim, self.value_dim), dim=-1)
        return self.proj(attend(q, k, v, self.bias(grid), self.key_dim**-0.5))


@configurable
class LinearMlp(nn.Module):
    """Two linear layers with an activation.

    Args:
        channels: Number of channels in and out.
        hidden: Number of hidden channels.
        act: The activation.
        drop: Dropout rate after both layers.
    """

    def __init__(self, channels: int, hidden: int, act: Act, drop: float) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden)
        self.act = act()
        self.fc2 = nn.Linear(hidden, channels)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens (B, N, C)."""
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))


@configurable
class ConvMlp(nn.Module):
    """Two 1×1 convolutions, each with a batch norm; the arguments are those of :class:`LinearMlp`."""

    def __init__(self, channels: int, hidden: int, act: Act, drop: float) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.act = act()
        self.fc2 = nn.Conv2d(hidden, channels, 1)
        self.norm1 = nn.BatchNorm2d(hidden)
        self.norm2 = nn.BatchNorm2d(channels)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        x = self.drop(self.act(self.norm1(self.fc1(x))))
        return self.drop(self.norm2(self.fc2(x)))


@configurable
class Meta3D(nn.Module):
    """Attention and a feed-forward network among tokens.

    Args:
        dim: Number of channels C.
        mlp_ratio: Width of the feed-forward network, relative to C.
        act: The activation.
        drop: Dropout rate in the feed-forward network.
        drop_path: Stochastic-depth rate of both branches.
        use_layer_scale: Scale both branches.
    """

    def __init__(
        self,
        dim: int,
        mlp_ratio: float,
        act: Act,
        drop: float,
        drop_path: float,
        use_layer_scale: bool,
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.token_mixer = AttentionWithBias(dim)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = LinearMlp(dim, int(dim * mlp_ratio), act, drop)
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()
        self.ls1 = LayerScale(dim) if use_layer_scale else nn.Identity()
        self.ls2 = LayerScale(dim) if use_layer_scale else nn.Identity()

    def forward(self, x: Tensor, grid: Grid) -> Tensor:
        """Transform tokens (B, h * w, C) of a map of size ``grid``."""
        x = x + self.drop_path(self.ls1(self.token_mixer(self.norm1(x), grid)))
        return x + self.drop_path(self.ls2(self.mlp(self.norm2(x))))


@configurable
class Meta4D(nn.Module):
    """Average pooling and a feed-forward network; the arguments are those of :class:`Meta3D`.

    Args:
        pool_size: Size of the window of the pooling.
    """

    def __init__(
        self,
        dim: int,
        mlp_ratio: float,
        act: Act,
        drop: float,
        drop_path: float,
        use_layer_scale: bool,
        pool_size: int,
    ) -> None:
        super().__init__()
        self.pool_size = pool_size
        self.mlp = ConvMlp(dim, int(dim * mlp_ratio), act, drop)
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()
        by_channel = {"data_format": "channels_first"}
        self.ls1 = LayerScale(dim, **by_channel) if use_layer_scale else nn.Identity()
        self.ls2 = LayerScale(dim, **by_channel) if use_layer_scale else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        pooled = F.avg_pool2d(x, self.pool_size, 1, self.pool_size // 2, count_include_pad=False)
        x = x + self.drop_path(self.ls1(pooled - x))
        return x + self.drop_path(self.ls2(self.mlp(x)))


class Flat(nn.Module):
    """A map as tokens; from here on, the last stage has attention."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, H * W, C)."""
        return to_tokens(x)


def _arch(layers: list[int], embed_dims: list[int], vit_num: int) -> dict[str, Any]:
    downsamples = [False, True, True, True]
    return {"layers": layers, "embed_dims": embed_dims, "downsamples": downsamples, "vit_num": vit_num}


@MODELS.register_module()
class EfficientFormer(BaseBackbone):
    """EfficientFormer: pooling and feed-forward networks, with attention in the last blocks.

    From `EfficientFormer: Vision Transformers at MobileNet Speed <https://arxiv.org/abs/2206.01191>`_.

    ==== =========== ================== =======
    arch layers      embed_dims         vit_num
    ==== =========== ================== =======
    l1   3, 2, 6, 4  48, 96, 224, 448   1
    l3   4, 4, 12, 6 64, 128, 320, 512  4
    l7   6, 6, 18, 8 96, 192, 384, 768  8
    ==== =========== ================== =======

    Args:
        arch: A name of the table, or a dict with its columns (``vit_num`` is the number of blocks with
            attention) and ``downsamples``: whether a stage begins with halving the size.
        in_channels: Channels of the image.
        pool_size: Size of the window of the pooling.
        mlp_ratios: Width of the feed-forward networks, relative to the channels.
        reshape_last_feat: Make a map of the last stage, not tokens.
        out_indices: Stages to output.
        frozen_stages: Freeze the stem (0) and the stages up to this one; -1 freezes nothing.
        act_cfg: Type of activation.
        drop_rate: Dropout rate in the feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        use_layer_scale: Scale the branches.
        init_cfg: How the weights are initialised.
        norm_eval: Keep batch-norm statistics as they are when training.
        with_cp: Recompute activations in the backward pass to save memory.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    arch_settings: Mapping[str, Mapping[str, Any]] = {
        "l1": _arch([3, 2, 6, 4], [48, 96, 224, 448], 1),
        "l3": _arch([4, 4, 12, 6], [64, 128, 320, 512], 4),
        "l7": _arch([6, 6, 18, 8], [96, 192, 384, 768], 8),
    }
    network: Any  # a ModuleList of Sequentials, which a type checker takes for plain modules
    num_extra_tokens = 0

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "l1",
        in_channels: int = 3,
        pool_size: int = 3,
        mlp_ratios: float = 4,
        reshape_last_feat: bool = False,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = -1,
        act_cfg: Mapping[str, Any] = {"type": "GELU"},
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        use_layer_scale: bool = True,
        init_cfg: dict | list[dict] | None = None,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        act = act_from(act_cfg)
        settings = self.get_arch(arch)
        self.layers: Sequence[int] = settings["layers"]
        self.embed_dims: Sequence[int] = settings["embed_dims"]
        self.downsamples: Sequence[bool] = settings["downsamples"]
        self.vit_num: int = settings["vit_num"]
        if not len(self.layers) == len(self.embed_dims) == len(self.downsamples):
            raise ArgumentError(
                f"arch needs as many embed_dims and downsamples as layers, got {settings!r}", key="arch"
            )
        if not 0 <= self.vit_num <= self.layers[-1]:
            raise ArgumentError(
                f"vit_num runs from 0 to {self.layers[-1]}, the blocks of the last stage; got {self.vit_num}",
                key="arch",
            )
        self.reshape_last_feat = reshape_last_feat
        first = self.embed_dims[0]
        stem: dict[str, Any] = {
            "kernel_size": 3, "stride": 2, "padding": 1, "bias": True, "norm": nn.BatchNorm2d,
        }  # fmt: skip
        self.patch_embed = Sequential(
            ConvModule(in_channels, first // 2, **stem), ConvModule(first // 2, first, **stem)
        )
        block: dict[str, Any] = {"mlp_ratio": mlp_ratios, "act": act, "drop": drop_rate}
        block["use_layer_scale"] = use_layer_scale
        self.network = ModuleList()
        for i, rates in enumerate(stage_drop_path_rates(drop_path_rate, self.layers)):
            stage = Sequential()
            if self.downsamples[i]:
                before = self.embed_dims[max(i - 1, 0)]
                stage.append(ConvModule(before, self.embed_dims[i], **stem, act=None))
            plain = len(rates) - (self.vit_num if i == len(self.layers) - 1 else 0)
            for rate in rates[:plain]:
                stage.append(Meta4D(self.embed_dims[i], pool_size=pool_size, drop_path=rate, **block))
            if plain < len(rates):
                stage.append(Flat())
            for rate in rates[plain:]:
                stage.append(Meta3D(self.embed_dims[i], drop_path=rate, **block))
            self.network.append(stage)
        self.set_output(out_indices)
        self.freeze_declared(__class__)

    def set_output(self, out_indices: int | Sequence[int]) -> None:
        """Make the norms of the outputs; a group norm with one group is one for maps."""
        self.out_indices = self.take_indices(out_indices, len(self.layers))
        for i in self.out_indices:
            tokens = i == len(self.layers) - 1 and self.vit_num > 0 and not self.reshape_last_feat
            kind = {"type": "LN"} if tokens else {"type": "GN", "num_groups": 1}
            self.add_module(f"norm{i}", make_norm(kind, self.embed_dims[i]))

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """The stem; each stage with its norm."""
        return [["patch_embed"], *([f"network.{i}", f"norm{i}"] for i in range(len(self.layers)))]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to stages (B, C, h, w); the last, if it has attention, to (B, C, h * w)."""
        x = self.patch_embed(x)
        outs = []
        for i, stage in enumerate(self.network):
            grid: Grid = GRID
            for block in stage:
                if isinstance(block, Meta3D):
                    x = self.run(block, x, grid)
                else:
                    grid = (x.shape[2], x.shape[3])
                    x = self.run(block, x)
            if i in self.out_indices:
                outs.append(self.format(x, grid, i))
        return tuple(outs)

    def format(self, x: Tensor, grid: Grid, stage: int) -> Tensor:
        """Make an output of a map (B, C, h, w) or of tokens (B, h * w, C) after a stage."""
        norm = getattr(self, f"norm{stage}")
        if x.ndim == 4:
            return norm(x)
        return norm(to_image(x, grid)) if self.reshape_last_feat else norm(x).transpose(1, 2)
