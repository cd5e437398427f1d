"""Reversible Vision Transformer: https://arxiv.org/abs/2302.04869."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base_transformer import VIT_ARCHS, OutType, TransformerBackbone
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.attention import MultiheadAttention
from mmpretrain.models.layers.configurable import Act, Norm, configurable, norm_from
from mmpretrain.models.layers.drop import DropPath
from mmpretrain.models.layers.ffn import FFN
from mmpretrain.registry import MODELS

# Shapes: two streams of tokens, each (B, N, C).


@configurable
class RevTransformerEncoderLayer(BaseModule):
    """A layer for two streams, whose inputs can be computed from its outputs.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of attention heads.
        feedforward_channels: Number of hidden channels of the feed-forward network.
        drop_rate: Dropout rate after both branches.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Stochastic-depth rate; both branches lose the same samples.
        num_fcs: Number of linear layers of the feed-forward network.
        qkv_bias: Give queries, keys and values a bias.
        act: The activation.
        norm: The normalisation.
        layer_id: Number of the layer; it changes nothing.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        qkv_bias: bool = True,
        act: Act = nn.GELU,
        norm: Norm = nn.LayerNorm,
        layer_id: int = 0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.layer_id = layer_id
        self.ln1 = norm(embed_dims)
        self.attn = MultiheadAttention(
            embed_dims, num_heads, attn_drop=attn_drop_rate, proj_drop=drop_rate, qkv_bias=qkv_bias
        )
        self.ln2 = norm(embed_dims)
        self.ffn = FFN(
            embed_dims,
            feedforward_channels,
            num_fcs=num_fcs,
            ffn_drop=drop_rate,
            act=act,
            add_identity=False,
        )
        self.drop_path = DropPath(drop_path_rate)

    def init_weights(self) -> None:
        """Initialise as ``init_cfg`` says, and the feed-forward network as the original does."""
        super().init_weights()
        self.ffn.init_as_vit()

    def draw(self, x: Tensor) -> Tensor:
        """Draw the samples that lose both branches: factors (B, 1, 1)."""
        return self.drop_path(x.new_ones(x.shape[0], 1, 1))

    def attend(self, x: Tensor, factors: Tensor) -> Tensor:
        """What is added to the first stream, from the second."""
        return self.attn(self.ln1(x)) * factors

    def transform(self, x: Tensor, factors: Tensor) -> Tensor:
        """What is added to the second stream, from the first."""
        return self.ffn(self.ln2(x)) * factors

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Transform both streams."""
        factors = self.draw(first)
        first = first + self.attend(second, factors)
        return first, second + self.transform(first, factors)


class RandomState:
    """The state of the random generators that the device of a tensor uses, to draw the same again."""

    def __init__(self, device: torch.device) -> None:
        self.cpu = torch.get_rng_state()
        self.device = device
        self.cuda = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    def restore(self) -> None:
        """Go back to this state."""
        torch.set_rng_state(self.cpu)
        if self.cuda is not None:
            torch.cuda.set_rng_state(self.cuda, self.device)


class ReversibleLayers(torch.autograd.Function):
    """Runs layers and keeps the output of the last only; the backward pass computes the inputs again."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, x: Tensor, layers: Sequence[RevTransformerEncoderLayer], *_: Tensor
    ) -> Tensor:
        """Run both streams, side by side in ``x`` (B, N, 2 * C), through the layers.

        The parameters of the layers follow as further arguments, so that autograd asks for their gradients.
        """
        first, second = x.chunk(2, dim=-1)
        states = []
        for layer in layers:
            factors = layer.draw(first)
            before_attention = RandomState(x.device)
            first = first + layer.attend(second, factors)
            states.append((factors, before_attention, RandomState(x.device)))
            second = second + layer.transform(first, factors)
        ctx.layers, ctx.states = layers, states  # type: ignore[attr-defined]
        ctx.autocast = torch.is_autocast_enabled(x.device.type)  # type: ignore[attr-defined]
        ctx.dtype = torch.get_autocast_dtype(x.device.type)  # type: ignore[attr-defined]
        out = torch.cat((first, second), dim=-1)
        ctx.save_for_backward(out)  # type: ignore[attr-defined]
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        """Go back layer by layer."""
        (out,) = ctx.saved_tensors
        first, second = out.chunk(2, dim=-1)
        d_first, d_second = grad.chunk(2, dim=-1)
        now = RandomState(out.device)
        gradients: dict[nn.Parameter, Tensor] = {}
        with torch.autocast(out.device.type, ctx.dtype, enabled=ctx.autocast):
            for layer in reversed(ctx.layers):
                factors, before_attention, before_ffn = ctx.states.pop()
                before_ffn.restore()
                branch = partial(layer.transform, factors=factors)
                second, change = _undo(branch, layer, second, first, d_second, gradients)
                d_first = d_first + change
                before_attention.restore()
                branch = partial(layer.attend, factors=factors)
                first, change = _undo(branch, layer, first, second, d_first, gradients)
                d_second = d_second + change
        now.restore()
        parameters = [p for layer in ctx.layers for p in layer.parameters()]
        return torch.cat((d_first, d_second), dim=-1), None, *(gradients.get(p) for p in parameters)


def _undo(
    branch: Callable[[Tensor], Tensor],
    layer: nn.Module,
    out: Tensor,
    source: Tensor,
    grad: Tensor,
    gradients: dict[nn.Parameter, Tensor],
) -> tuple[Tensor, Tensor]:
    """Take back ``out = before + branch(source)``.

    Returns:
        What was there before, and the gradient of ``source`` through the branch.
    """
    with torch.enable_grad():
        source = source.detach().requires_grad_()
        change = branch(source)
    wanted = [p for p in layer.parameters() if p.requires_grad]
    found = torch.autograd.grad(change, (source, *wanted), grad, allow_unused=True)
    for parameter, value in zip(wanted, found[1:]):
        if value is not None:
            gradients[parameter] = gradients[parameter] + value if parameter in gradients else value
    assert found[0] is not None
    return out - change.detach(), found[0]


Fusion = Literal["add", "max", "min", "avg", "concat"]


class TwoStreamFusion(nn.Module):
    """Makes one stream of two parallel ones.

    Args:
        mode: ``'add'``, ``'max'``, ``'min'``, ``'avg'`` or ``'concat'``.
    """

    def __init__(self, mode: Fusion) -> None:
        super().__init__()
        if mode not in ("add", "max", "min", "avg", "concat"):
            raise ArgumentError(
                f"fusion_mode must be 'add', 'max', 'min', 'avg' or 'concat', got {mode!r}", key="fusion_mode"
            )
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        """Fuse (B, N, 2 * C) to (B, N, C); ``'concat'`` leaves it as it is."""
        if self.mode == "concat":
            return x
        first, second = x.chunk(2, dim=-1)
        if self.mode == "add":
            return first + second
        if self.mode == "avg":
            return (first + second) / 2
        return torch.maximum(first, second) if self.mode == "max" else torch.minimum(first, second)


@MODELS.register_module()
class RevVisionTransformer(TransformerBackbone):
    """Vision Transformer that needs no activations for its backward pass.

    From `Reversible Vision Transformers <https://arxiv.org/abs/2302.04869>`_. Tokens go through the layers in
    two streams, from whose end the inputs of all layers can be computed again.

    The archs are those of :class:`VisionTransformer`: small, base, large, huge, eva-g, deit-t, deit-s and
    dinov2-g, and their other names.

    Args:
        arch: A name in ``arch_settings``, or a dict with ``embed_dims``, ``num_layers``, ``num_heads`` and
            ``feedforward_channels``.
        img_size: The usual size of images; other sizes work too.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        drop_rate: Dropout rate of the tokens, and after attention and feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        qkv_bias: Give queries, keys and values a bias.
        norm_cfg: The normalisation.
        final_norm: Normalise both streams at the end.
        out_type: What is returned: ``'cls_token'`` (B, C), ``'featmap'`` (B, C, h, w), ``'avg_featmap'``
            (B, C), or ``'raw'`` (B, N, C).
        with_cls_token: Have a class token.
        interpolate_mode: How position embeddings are interpolated for other image sizes.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        layer_cfgs: Further arguments of the layers, for all or one by one.
        fusion_mode: How the streams become one: ``'add'``, ``'max'``, ``'min'``, ``'avg'`` or ``'concat'``.
        no_custom_backward: Keep activations for the backward pass, as other models do; faster.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    output_key = ""

    arch_settings = VIT_ARCHS
    layers: Any

    def __init__(
        self,
        arch: str | Mapping[str, int] = "base",
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        final_norm: bool = True,
        out_type: OutType = "avg_featmap",
        with_cls_token: bool = False,
        frozen_stages: int = -1,
        interpolate_mode: str = "bicubic",
        patch_cfg: Mapping[str, Any] = {},
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        fusion_mode: Fusion = "concat",
        no_custom_backward: bool = False,
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
        self.no_custom_backward = no_custom_backward
        patches = {"in_channels": in_channels, "kernel_size": patch_size, "stride": patch_size, **patch_cfg}
        self.set_stem(img_size, patches, with_cls_token, True, interpolate_mode, drop_rate)
        common = {"drop_rate": drop_rate, "qkv_bias": qkv_bias, "norm": norm}
        self.set_layers(RevTransformerEncoderLayer, settings, drop_path_rate, layer_cfgs, **common)
        self.fusion_layer = TwoStreamFusion(fusion_mode)
        self.set_out_type(out_type)
        self.out_indices = (self.num_layers - 1,)
        self.final_norm = final_norm
        if final_norm:
            self.ln1 = norm(self.embed_dims * 2)
        self.ln2 = nn.Identity()  # the mean of the patches is not normalised
        self.freeze_declared(__class__)

    def encode(self, x: Tensor, hw: tuple[int, int]) -> list[Tensor]:
        """Run tokens (B, N, C) through the layers as two streams, and fuse these."""
        if self.training and torch.is_grad_enabled() and not (self.no_custom_backward or self.with_cp):
            parameters = [p for layer in self.layers for p in layer.parameters()]
            out = ReversibleLayers.apply(torch.cat((x, x), dim=-1), list(self.layers), *parameters)
        else:
            first = second = x
            for layer in self.layers:
                first, second = self.run(layer, first, second)
            out = torch.cat((first, second), dim=-1)
        return [self.fusion_layer(self.ln1(out) if self.final_norm else out)]
