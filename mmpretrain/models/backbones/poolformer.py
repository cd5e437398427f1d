"""PoolFormer: https://arxiv.org/abs/2111.11418."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.models.layers.configurable import Act, Norm, act_from, configurable, norm_from
from mmpretrain.models.layers.drop import DropPath, drop_path_rates
from mmpretrain.registry import MODELS


class ConvPatchEmbed(nn.Module):
    """A convolution ``proj`` that embeds patches, (B, C, H, W) to (B, D, h, w)."""

    def __init__(self, in_channels: int, out_channels: int, size: int, stride: int, padding: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(in_channels, out_channels, size, stride, padding)

    def forward(self, x: Tensor) -> Tensor:
        """Embed ``x``."""
        return self.proj(x)


class Pooling(nn.Module):
    """What average pooling changes.

    Args:
        pool_size: Size of the window.
    """

    def __init__(self, pool_size: int = 3) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(pool_size, stride=1, padding=pool_size // 2, count_include_pad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Mix ``x`` (B, C, H, W) with its surroundings."""
        return self.pool(x) - x


@configurable
class ConvMlp(nn.Module):
    """A feed-forward network by position, of 1 x 1 convolutions.

    Args:
        channels: Number of channels in and out.
        hidden_channels: Number of hidden channels.
        act: The activation.
        drop: Dropout rate after both layers.
    """

    def __init__(self, channels: int, hidden_channels: int, act: Act, drop: float = 0.0) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, hidden_channels, 1)
        self.act = act()
        self.fc2 = nn.Conv2d(hidden_channels, channels, 1)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))


@configurable
class MetaFormerBlock(BaseModule):
    """Something that mixes positions and a feed-forward network, each scaled and with a residual connection.

    Subclasses define :meth:`make_mixer` and :meth:`mix`.

    Args:
        dim: Number of channels C.
        mlp_ratio: Width of the feed-forward network, relative to C.
        norm: The normalisation.
        act: The activation.
        drop: Dropout rate in the feed-forward network.
        drop_path: Stochastic-depth rate of both branches.
        layer_scale_init_value: Start value of the scales of both branches.
    """

    def __init__(
        self,
        dim: int,
        mlp_ratio: float = 4.0,
        norm: Norm = partial(nn.GroupNorm, 1),  # noqa: B008
        act: Act = nn.GELU,
        drop: float = 0.0,
        drop_path: float = 0.0,
        layer_scale_init_value: float = 1e-5,
    ) -> None:
        super().__init__()
        self.make_mixer(dim, norm)
        self.norm2 = norm(dim)
        self.mlp = ConvMlp(dim, int(dim * mlp_ratio), act, drop)
        self.drop_path = DropPath(drop_path)
        self.layer_scale_1 = nn.Parameter(torch.full((dim,), layer_scale_init_value))
        self.layer_scale_2 = nn.Parameter(torch.full((dim,), layer_scale_init_value))

    def make_mixer(self, dim: int, norm: Norm) -> None:
        """Add the modules of :meth:`mix`."""
        raise NotImplementedError

    def mix(self, x: Tensor) -> Tensor:
        """Mix the positions of ``x`` (B, C, H, W)."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        x = x + self.drop_path(self.layer_scale_1.view(-1, 1, 1) * self.mix(x))
        return x + self.drop_path(self.layer_scale_2.view(-1, 1, 1) * self.mlp(self.norm2(x)))


@configurable
class PoolFormerBlock(MetaFormerBlock):
    """A :class:`MetaFormerBlock` that mixes by average pooling.

    Args:
        dim: Number of channels C.
        pool_size: Size of the window.
        **kwargs: Arguments of :class:`MetaFormerBlock`.
    """

    def __init__(self, dim: int, pool_size: int = 3, **kwargs: Any) -> None:
        self.pool_size = pool_size
        super().__init__(dim, **kwargs)

    def make_mixer(self, dim: int, norm: Norm) -> None:
        """Add a norm and the pooling."""
        self.norm1 = norm(dim)
        self.token_mixer = Pooling(self.pool_size)

    def mix(self, x: Tensor) -> Tensor:
        """Mix the positions of ``x`` (B, C, H, W)."""
        return self.token_mixer(self.norm1(x))


def _arch(layers: list[int], embed_dims: list[int], layer_scale_init_value: float) -> dict[str, Any]:
    return {
        "layers": layers,
        "embed_dims": embed_dims,
        "mlp_ratios": [4, 4, 4, 4],
        "layer_scale_init_value": layer_scale_init_value,
    }


@configurable
class MetaFormer(BaseBackbone):
    """Stages of :class:`MetaFormerBlock` with convolutions between them that merge patches.

    ``network`` alternates: a stage, a convolution, a stage, ... An output is that of one of its seven parts.
    """

    arch_settings = {
        "s12": _arch([2, 2, 6, 2], [64, 128, 320, 512], 1e-5),
        "s24": _arch([4, 4, 12, 4], [64, 128, 320, 512], 1e-5),
        "s36": _arch([6, 6, 18, 6], [64, 128, 320, 512], 1e-6),
        "m36": _arch([6, 6, 18, 6], [96, 192, 384, 768], 1e-6),
        "m48": _arch([8, 8, 24, 8], [96, 192, 384, 768], 1e-6),
    }
    network: Any  # a ModuleList, whose items a type checker takes for plain modules

    def set_network(
        self,
        arch: str | Mapping[str, Any],
        block: type[nn.Module],
        stem: tuple[int, int, int],
        down: tuple[int, int, int],
        drop_path_rate: float,
        in_channels: int = 3,
        **common: Any,
    ) -> None:
        """Make the stem and the network.

        Args:
            arch: A name in ``arch_settings``, or a dict with such settings.
            block: Class of a block.
            stem: Size, stride and padding of the first convolution.
            down: The same of those between stages.
            drop_path_rate: Stochastic-depth rate of the last block.
            in_channels: Number of channels of an image.
            **common: Arguments of all blocks.
        """
        settings = self.get_arch(arch)
        depths: Sequence[int] = settings["layers"]
        self.embed_dims: Sequence[int] = settings["embed_dims"]
        common["layer_scale_init_value"] = settings.get("layer_scale_init_value", 1e-5)
        rates = iter(drop_path_rates(drop_path_rate, sum(depths)))
        self.patch_embed = ConvPatchEmbed(in_channels, self.embed_dims[0], *stem)
        self.network = ModuleList()
        for i, (depth, dim) in enumerate(zip(depths, self.embed_dims)):
            if i and dim != self.embed_dims[i - 1]:
                self.network.append(ConvPatchEmbed(self.embed_dims[i - 1], dim, *down))
            ratio = settings.get("mlp_ratios", [4, 4, 4, 4])[i]
            blocks = (block(dim, mlp_ratio=ratio, drop_path=next(rates), **common) for _ in range(depth))
            self.network.append(nn.Sequential(*blocks))

    def set_output(self, out_indices: int | Sequence[int], norm: Norm) -> None:
        """Make the norms of the outputs."""
        self.out_indices = self.take_indices(out_indices, len(self.network))
        for i in self.out_indices:
            self.add_module(f"norm{i}", norm(self.embed_dims[(i + 1) // 2]))

    def freeze_groups(self) -> list[list[str]]:
        """The stem, then each part of the network."""
        return [["patch_embed"], *([f"network.{i}", f"norm{i}"] for i in range(len(self.network)))]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return maps (B, C, h, w) of the parts in ``out_indices`` for images (B, 3, H, W)."""
        x = self.patch_embed(x)
        outs = []
        for i, part in enumerate(self.network):
            for layer in part if isinstance(part, nn.Sequential) else [part]:
                x = self.run(layer, x)
            if i in self.out_indices:
                outs.append(getattr(self, f"norm{i}")(x))
        return tuple(outs)


@MODELS.register_module()
class PoolFormer(MetaFormer):
    """PoolFormer (`MetaFormer is Actually What You Need for Vision <https://arxiv.org/abs/2111.11418>`_).

    ==== =========== =================
    arch layers      embed_dims
    ==== =========== =================
    s12  2, 2, 6, 2  64, 128, 320, 512
    s24  4, 4, 12, 4 64, 128, 320, 512
    s36  6, 6, 18, 6 64, 128, 320, 512
    m36  6, 6, 18, 6 96, 192, 384, 768
    m48  8, 8, 24, 8 96, 192, 384, 768
    ==== =========== =================

    Args:
        arch: A name in ``arch_settings``, or a dict with ``layers`` and ``embed_dims`` by stage, and maybe
            ``mlp_ratios`` and ``layer_scale_init_value``.
        pool_size: Size of the window of average pooling.
        norm_cfg: The normalisation.
        act_cfg: The activation.
        in_patch_size: Kernel size of the stem.
        in_stride: Stride of the stem.
        in_pad: Padding of the stem.
        down_patch_size: Kernel size of the convolutions between stages.
        down_stride: Their stride.
        down_pad: Their padding.
        drop_rate: Dropout rate in the feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        out_indices: Which of the seven parts to return: stages (even) and convolutions between them (odd).
        in_channels: Number of channels of the images.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "s12",
        pool_size: int = 3,
        norm_cfg: Mapping[str, Any] = {"type": "GN", "num_groups": 1},
        act_cfg: Mapping[str, Any] = {"type": "GELU"},
        in_patch_size: int = 7,
        in_stride: int = 4,
        in_pad: int = 2,
        down_patch_size: int = 3,
        down_stride: int = 2,
        down_pad: int = 1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = -1,
        init_cfg: dict | list[dict] | None = None,
        *,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        in_channels: int = 3,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act = norm_from(norm_cfg), act_from(act_cfg)
        stem = (in_patch_size, in_stride, in_pad)
        down = (down_patch_size, down_stride, down_pad)
        options = {"pool_size": pool_size, "norm": norm, "act": act, "drop": drop_rate}
        self.set_network(arch, PoolFormerBlock, stem, down, drop_path_rate, in_channels, **options)
        self.set_output(out_indices, norm)
        self.freeze_declared(__class__)
