"""LeViT (`A Vision Transformer in ConvNet's Clothing <https://arxiv.org/abs/2104.01136>`_)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base import BaseModule, ModuleList, Sequential
from mmpretrain.models.layers import DropPath
from mmpretrain.models.layers.configurable import Act, Conv, Norm, act_from, configurable
from mmpretrain.models.layers.offset_bias import Grid, OffsetBiasAttention, attend
from mmpretrain.models.layers.reparam import fuse_conv_norm, fuse_layers
from mmpretrain.models.layers.shape import to_2tuple, to_image, to_tokens
from mmpretrain.registry import MODELS

HSWISH: dict[str, Any] = {"type": "HSwish"}


@configurable
class ConvolutionBatchNorm(BaseModule):
    """A convolution and a batch norm, which :meth:`fuse` makes one.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        conv: Type of convolution.
        norm: Type of norm.
        **shape: Kernel size, stride, padding, dilation and groups.
    """

    def __init__(self, in_channels: int, out_channels: int, conv: Conv, norm: Norm, **shape: int) -> None:
        super().__init__()
        self.conv: Any = conv(in_channels, out_channels, bias=False, **shape)
        self.bn: Any = norm(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H', W')."""
        return self.bn(self.conv(x))

    @torch.no_grad()
    def fuse(self) -> nn.Module:
        """The one convolution that does the same in evaluation mode."""
        weight, bias = fuse_conv_norm(self.conv.weight, self.bn)
        self.conv.weight.data = weight
        self.conv.bias = nn.Parameter(bias)
        return self.conv


class LinearBatchNorm(BaseModule):
    """A linear layer and a batch norm over all tokens, which :meth:`fuse` makes one.

    Args:
        in_features: Input channels.
        out_features: Output channels.
        norm: Type of norm.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        norm: Norm = nn.BatchNorm1d,
    ) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, out_features, bias=False)
        self.bn: Any = norm(out_features)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, C) to (B, N, C')."""
        # In evaluation the norm is folded into the matrix, if that is less work than normalising the tokens.
        # What is compiled or exported folds always, as its batch size may change.
        if not self.bn.training and (torch.compiler.is_compiling() or x.numel() > 2 * x.shape[-1] ** 2):
            return F.linear(x, *fuse_conv_norm(self.linear.weight, self.bn))
        x = self.linear(x)
        return self.bn(x.flatten(0, 1)).view_as(x)

    @torch.no_grad()
    def fuse(self) -> nn.Linear:
        """The one linear layer that does the same in evaluation mode."""
        weight, bias = fuse_conv_norm(self.linear.weight, self.bn)
        self.linear.weight.data = weight
        self.linear.bias = nn.Parameter(bias)
        return self.linear


@configurable
class HybridBackbone(BaseModule):
    """The stem: four convolutions that halve the size and, from those of images, come to ``embed_dim``.

    Args:
        embed_dim: Output channels.
        kernel_size: As in ``nn.Conv2d``, like the next four.
        stride: Step of the kernel.
        pad: Padding on both sides.
        dilation: Spacing of the kernel.
        groups: Number of groups.
        act: Type of activation.
        conv: Type of convolution.
        norm: Type of norm.
        init_cfg: How the weights are initialised.
        in_channels: Number of channels of the images.
    """

    def __init__(
        self,
        embed_dim: int,
        kernel_size: int = 3,
        stride: int = 2,
        pad: int = 1,
        dilation: int = 1,
        groups: int = 1,
        act: Act = nn.Hardswish,
        conv: Conv = nn.Conv2d,
        norm: Norm = nn.BatchNorm2d,
        init_cfg: dict | list[dict] | None = None,
        in_channels: int = 3,
    ) -> None:
        super().__init__(init_cfg)
        shape = {"kernel_size": kernel_size, "stride": stride, "padding": pad, "dilation": dilation}
        self.patch_embed = Sequential()
        channels = in_channels
        for width in (embed_dim // 8, embed_dim // 4, embed_dim // 2, embed_dim):
            if len(self.patch_embed):
                self.patch_embed.append(act())
            self.patch_embed.append(ConvolutionBatchNorm(channels, width, conv, norm, groups=groups, **shape))
            channels = width

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, C, H / 16, W / 16)."""
        return self.patch_embed(x)


class Residual(BaseModule):
    """Adds what a block makes of its input to the input.

    Args:
        block: The block.
        drop_path_rate: Rate of stochastic depth.
    """

    def __init__(self, block: nn.Module, drop_path_rate: float = 0.0) -> None:
        super().__init__()
        self.block = block
        self.drop_path = DropPath(drop_path_rate) if drop_path_rate > 0 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens (B, N, C)."""
        return x + self.drop_path(self.block(x))


class Attention(OffsetBiasAttention):
    """Attention with biases by distance, and an activation before the output projection.

    Args:
        dim: Number of channels C.
        key_dim: Channels of queries and keys of a head.
        num_heads: Number of heads.
        attn_ratio: Channels of values, over ``key_dim``.
        act: The activation.
        resolution: Rows and columns of the map.
    """

    def __init__(
        self,
        dim: int,
        key_dim: int,
        num_heads: int = 8,
        attn_ratio: float = 4,
        act: Act = nn.Hardswish,
        resolution: Grid = (14, 14),
    ) -> None:
        super().__init__(num_heads, resolution)
        self.key_dim, self.value_dim = key_dim, int(attn_ratio * key_dim)
        values = self.value_dim * num_heads
        self.qkv = LinearBatchNorm(dim, values + 2 * key_dim * num_heads)
        self.proj = nn.Sequential(act(), LinearBatchNorm(values, dim))

    def forward(self, x: Tensor) -> Tensor:
        """Mix tokens (B, N, C)."""
        qkv = self.qkv(x).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
        q, k, v = qkv.split((self.key_dim, self.key_dim, self.value_dim), dim=-1)
        return self.proj(attend(q, k, v, self.bias(), self.key_dim**-0.5))


class Subsample(nn.Module):
    """Takes each ``stride``-th row and column of a map.

    Args:
        stride: The step.
        resolution: Rows and columns of the map.
    """

    def __init__(self, stride: int, resolution: Grid) -> None:
        super().__init__()
        self.stride, self.resolution = stride, resolution

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, C) to (B, N', C)."""
        return x.unflatten(1, self.resolution)[:, :: self.stride, :: self.stride].flatten(1, 2)


class AttentionSubsample(OffsetBiasAttention):
    """Attention whose queries are each ``stride``-th row and column of the map: it gets smaller.

    Args:
        in_dim: Input channels.
        out_dim: Output channels.
        key_dim: Channels of queries and keys of a head.
        num_heads: Number of heads.
        attn_ratio: Channels of values, over ``key_dim``.
        act: The activation.
        stride: The step.
        resolution: Rows and columns of the map.
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        key_dim: int,
        num_heads: int = 8,
        attn_ratio: float = 2,
        act: Act = nn.Hardswish,
        stride: int = 2,
        resolution: Grid = (14, 14),
    ) -> None:
        super().__init__(num_heads, resolution, stride)
        self.sub_resolution = ((resolution[0] - 1) // stride + 1, (resolution[1] - 1) // stride + 1)
        self.key_dim, self.value_dim = key_dim, int(attn_ratio * key_dim)
        keys, values = key_dim * num_heads, self.value_dim * num_heads
        self.kv = LinearBatchNorm(in_dim, keys + values)
        self.q = nn.Sequential(Subsample(stride, resolution), LinearBatchNorm(in_dim, keys))
        self.proj = nn.Sequential(act(), LinearBatchNorm(values, out_dim))

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, C) to (B, N', C')."""
        kv = self.kv(x).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
        k, v = kv.split((self.key_dim, self.value_dim), dim=-1)
        q = self.q(x).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
        return self.proj(attend(q, k, v, self.bias(), self.key_dim**-0.5))


class MLP(nn.Sequential):
    """Two linear layers with batch norms and an activation.

    Args:
        embed_dim: Number of channels in and out.
        mlp_ratio: Width in the middle, relative to ``embed_dim``.
        act: The activation.
    """

    def __init__(self, embed_dim: int, mlp_ratio: float, act: Act = nn.Hardswish) -> None:
        super().__init__()
        hidden = int(embed_dim * mlp_ratio)
        self.linear1 = LinearBatchNorm(embed_dim, hidden)
        self.activation = act()
        self.linear2 = LinearBatchNorm(hidden, embed_dim)


def _arch(
    embed_dims: Sequence[int], num_heads: Sequence[int], depths: Sequence[int], key_dim: int
) -> dict[str, Any]:
    key_dims = [key_dim] * len(embed_dims)
    return {"embed_dims": embed_dims, "num_heads": num_heads, "depths": depths, "key_dims": key_dims}


@MODELS.register_module()
class LeViT(BaseBackbone):
    """LeViT: a stem of convolutions and three stages of attention on ever smaller maps.

    From `LeViT: A Vision Transformer in ConvNet's Clothing for Faster Inference
    <https://arxiv.org/abs/2104.01136>`_.

    ==== ============= ========= ======= ========
    arch embed_dims    num_heads depths  key_dims
    ==== ============= ========= ======= ========
    128s 128, 256, 384 4, 6, 8   2, 3, 4 16
    128  128, 256, 384 4, 8, 12  4, 4, 4 16
    192  192, 288, 384 3, 5, 6   4, 4, 4 32
    256  256, 384, 512 4, 6, 8   4, 4, 4 32
    384  384, 512, 768 6, 9, 12  4, 4, 4 32
    ==== ============= ========= ======= ========

    Args:
        arch: A name of the table, or a dict with its columns, each by stage.
        img_size: Size of images.
        patch_size: What the stem divides the size by.
        attn_ratio: Channels of values, over those of keys.
        mlp_ratio: Width of the feed-forward networks, relative to the channels; 0 for none.
        act_cfg: Type of activation.
        hybrid_backbone: Makes the stem from its number of output channels.
        out_indices: Stages to output.
        deploy: Build the deployed form.
        drop_path_rate: Rate of stochastic depth, the same for all blocks.
        in_channels: Number of channels of the images.
        init_cfg: How the weights are initialised.
        frozen_stages: Freeze the stem (0) and the stages up to this one; -1 freezes nothing.
        norm_eval: Keep batch-norm statistics as they are when training.
        with_cp: Recompute activations in the backward pass to save memory.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    arch_settings: Mapping[str, Mapping[str, Any]] = {
        "128s": _arch([128, 256, 384], [4, 6, 8], [2, 3, 4], 16),
        "128": _arch([128, 256, 384], [4, 8, 12], [4, 4, 4], 16),
        "192": _arch([192, 288, 384], [3, 5, 6], [4, 4, 4], 32),
        "256": _arch([256, 384, 512], [4, 6, 8], [4, 4, 4], 32),
        "384": _arch([384, 512, 768], [6, 9, 12], [4, 4, 4], 32),
    }
    stages: Any  # a ModuleList of Sequentials, which a type checker takes for plain modules

    def __init__(
        self,
        arch: str | Mapping[str, Any],
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        attn_ratio: float = 2,
        mlp_ratio: float = 2,
        act_cfg: dict = HSWISH,
        hybrid_backbone: Callable[..., nn.Module] = HybridBackbone,
        out_indices: int | Sequence[int] = -1,
        deploy: bool = False,
        drop_path_rate: float = 0,
        init_cfg: dict | list[dict] | None = None,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        in_channels: int = 3,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        act = act_from(act_cfg)
        self.arch = self.get_arch(arch)
        self.embed_dims: Sequence[int] = self.arch["embed_dims"]
        self.num_stages = len(self.embed_dims)
        self.attn_ratio, self.mlp_ratio, self.act = attn_ratio, mlp_ratio, act
        self.drop_path_rate = drop_path_rate
        self.img_size, self.patch_size = to_2tuple(img_size), to_2tuple(patch_size)
        stem_cfg: dict[str, Any] = {"act": act} if hybrid_backbone is HybridBackbone else {}
        if in_channels != 3:
            stem_cfg["in_channels"] = in_channels
        self.patch_embed = hybrid_backbone(self.embed_dims[0], **stem_cfg)
        self.resolutions: list[Grid] = []
        resolution = (self.img_size[0] // self.patch_size[0], self.img_size[1] // self.patch_size[1])
        self.patch_resolution = resolution
        self.stages = ModuleList()
        for i in range(self.num_stages):
            stage = Sequential()
            if i > 0:
                down = self.make_subsample(i, resolution)
                resolution = down.sub_resolution
                stage.append(down)
                stage.extend(self.make_mlp(i))
            for _ in range(self.arch["depths"][i]):
                heads, key_dim = self.arch["num_heads"][i], self.arch["key_dims"][i]
                attention = Attention(self.embed_dims[i], key_dim, heads, attn_ratio, act, resolution)
                stage.append(Residual(attention, drop_path_rate))
                stage.extend(self.make_mlp(i))
            self.stages.append(stage)
            self.resolutions.append(resolution)
        self.out_indices = self.take_indices(out_indices, self.num_stages)
        self.stage_names = tuple(f"stages.{i}" for i in range(self.num_stages))
        self.deploy = False
        if deploy:
            self.switch_to_deploy()
        self.freeze_declared(__class__)

    stem_names = ("patch_embed",)

    def make_subsample(self, stage: int, resolution: Grid) -> AttentionSubsample:
        """Make what leads to a stage."""
        before, key_dim = self.embed_dims[stage - 1], self.arch["key_dims"][stage]
        return AttentionSubsample(
            before,
            self.embed_dims[stage],
            key_dim,
            num_heads=before // key_dim,
            attn_ratio=4,
            act=self.act,
            resolution=resolution,
        )

    def make_mlp(self, stage: int) -> Iterator[Residual]:
        """Make a feed-forward network, if there are any."""
        if self.mlp_ratio > 0:
            yield Residual(MLP(self.embed_dims[stage], self.mlp_ratio, self.act), self.drop_path_rate)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to stages (B, C, h, w)."""
        x = self.patch_embed(x)
        if tuple(x.shape[2:]) != self.patch_resolution:
            raise ArgumentError(
                f"LeViT was built for images of {self.img_size}, and their maps of {self.patch_resolution}, "
                f"not for maps of {tuple(x.shape[2:])}",
                hint="Resize the images, or build the model with their img_size.",
                key="img_size",
            )
        # Contiguous, as sums keep the layout of an image, and linear layers are slow with it.
        outs = self.forward_stages(to_tokens(x).contiguous(), self.stage_names)
        return tuple(to_image(out, self.resolutions[i]) for i, out in zip(sorted(self.out_indices), outs))

    def switch_to_deploy(self) -> None:
        """Fold each norm into the layer before it, for evaluation."""
        fuse_layers(self)
        self.deploy = True
