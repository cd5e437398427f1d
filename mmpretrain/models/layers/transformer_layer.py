"""Encoder and decoder layers put together from a list of operations, as MMCV offers them to configs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.registry import MODELS

from .build import per_layer
from .configurable import configurable, make_drop_path, norm_from

OPERATIONS = ("self_attn", "cross_attn", "norm", "ffn")

# Shapes: tokens are (N, B, C), or (B, N, C) with batch_first.


@MODELS.register_module("MultiheadAttention")
@configurable
class TokenAttention(BaseModule):
    """``nn.MultiheadAttention`` with positions and a residual connection.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of heads.
        attn_drop: Dropout rate of the attention weights.
        proj_drop: Dropout rate of the output.
        drop_path: Stochastic-depth rate, or another dropout of the branch.
        init_cfg: How the weights are initialised.
        batch_first: Tokens are (B, N, C).
        **kwargs: Further arguments of ``nn.MultiheadAttention``.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        drop_path: float | nn.Module | None = 0.0,
        init_cfg: dict | list[dict] | None = None,
        batch_first: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        self.attn = nn.MultiheadAttention(embed_dims, num_heads, attn_drop, batch_first=batch_first, **kwargs)
        self.proj_drop = nn.Dropout(proj_drop)
        self.dropout_layer = make_drop_path(drop_path)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        identity: Tensor | None = None,
        query_pos: Tensor | None = None,
        key_pos: Tensor | None = None,
        attn_mask: Tensor | None = None,
        key_padding_mask: Tensor | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Let queries look at keys.

        Args:
            query: Tokens.
            key: Tokens; ``query`` by default.
            value: What is taken of the keys; ``key`` by default.
            identity: What the result is added to; ``query`` by default.
            query_pos: Added to the queries.
            key_pos: Added to the keys; ``query_pos`` by default, if it has their shape.
            attn_mask: As in ``nn.MultiheadAttention``.
            key_padding_mask: As in ``nn.MultiheadAttention``.
            **kwargs: Ignored.
        """
        identity = query if identity is None else identity
        key = query if key is None else key
        value = key if value is None else value
        if key_pos is None and query_pos is not None and query_pos.shape == key.shape:
            key_pos = query_pos
        out, _ = self.attn(
            query if query_pos is None else query + query_pos,
            key if key_pos is None else key + key_pos,
            value,
            key_padding_mask=key_padding_mask,
            need_weights=False,
            attn_mask=attn_mask,
        )
        return identity + self.dropout_layer(self.proj_drop(out))


@MODELS.register_module()
class BaseTransformerLayer(BaseModule):
    """Attention, feed-forward networks and norms in the order that a config gives.

    Args:
        attn_cfgs: Config of all attentions, or of one after the other.
        ffn_cfgs: The same for the feed-forward networks.
        operation_order: Some of ``'self_attn'``, ``'cross_attn'``, ``'norm'`` and ``'ffn'``; if a norm is
            first, residual connections go around the norms.
        norm_cfg: The norms.
        init_cfg: How the weights are initialised.
        batch_first: Tokens are (B, N, C).
    """

    def __init__(
        self,
        attn_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        ffn_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {
            "type": "FFN",
            "embed_dims": 256,
            "feedforward_channels": 1024,
            "num_fcs": 2,
            "ffn_drop": 0.0,
            "act_cfg": {"type": "ReLU", "inplace": True},
        },
        operation_order: Sequence[str] = (),
        norm_cfg: Mapping[str, Any] = {"type": "LN"},
        init_cfg: dict | list[dict] | None = None,
        batch_first: bool = False,
    ) -> None:
        super().__init__(init_cfg)
        if not operation_order or not set(operation_order) <= set(OPERATIONS):
            raise ArgumentError(
                f"operation_order must consist of {OPERATIONS}, got {operation_order!r}",
                key="operation_order",
            )
        self.operation_order = tuple(operation_order)
        self.pre_norm = operation_order[0] == "norm"
        attentions = [name for name in operation_order if name.endswith("attn")]
        self.attentions: Any = ModuleList(
            MODELS.build({"batch_first": batch_first, **cfg}) for cfg in per_layer(attn_cfgs, len(attentions))
        )
        self.embed_dims: int = self.attentions[0].embed_dims
        self.ffns = ModuleList(
            MODELS.build({"type": "FFN", "embed_dims": self.embed_dims, **cfg})
            for cfg in per_layer(ffn_cfgs, self.operation_order.count("ffn"))
        )
        norm = norm_from(norm_cfg)
        self.norms = ModuleList(norm(self.embed_dims) for name in self.operation_order if name == "norm")

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        query_pos: Tensor | None = None,
        key_pos: Tensor | None = None,
        attn_masks: Tensor | Sequence[Tensor | None] | None = None,
        query_key_padding_mask: Tensor | None = None,
        key_padding_mask: Tensor | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Transform queries.

        Args:
            query: Tokens.
            key: Tokens that cross attention looks at.
            value: What it takes of them; ``key`` by default.
            query_pos: Positions of the queries.
            key_pos: Positions of the keys.
            attn_masks: A mask for all attentions, or one for each.
            query_key_padding_mask: Padding of the queries.
            key_padding_mask: Padding of the keys.
            **kwargs: Passed on to the attentions.
        """
        one = attn_masks is None or isinstance(attn_masks, Tensor)
        masks = iter([attn_masks] * len(self.attentions) if one else attn_masks)  # type: ignore[arg-type]
        attentions, norms, ffns = iter(self.attentions), iter(self.norms), iter(self.ffns)
        identity = query
        for name in self.operation_order:
            around = identity if self.pre_norm else None
            if name == "norm":
                query = next(norms)(query)
            elif name == "ffn":
                query = next(ffns)(query, around)
            else:
                itself = name == "self_attn"
                query = identity = next(attentions)(
                    query,
                    query if itself else key,
                    query if itself else value,
                    around,
                    query_pos=query_pos,
                    key_pos=query_pos if itself else key_pos,
                    attn_mask=next(masks),
                    key_padding_mask=query_key_padding_mask if itself else key_padding_mask,
                    **kwargs,
                )
        return query


@MODELS.register_module()
class TransformerLayerSequence(BaseModule):
    """Layers one after the other.

    Args:
        transformerlayers: Config of all layers, or of one after the other.
        num_layers: How many there are.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        transformerlayers: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        num_layers: int,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        cfgs = per_layer(transformerlayers, num_layers)
        self.num_layers = num_layers
        self.layers: Any = ModuleList(map(MODELS.build, cfgs))
        self.embed_dims: int = self.layers[0].embed_dims
        self.pre_norm: bool = self.layers[0].pre_norm

    def forward(self, query: Tensor, key: Tensor | None, value: Tensor | None, **kwargs: Any) -> Tensor:
        """Transform queries; the arguments are those of :meth:`BaseTransformerLayer.forward`."""
        for layer in self.layers:
            query = layer(query, key, value, **kwargs)
        return query
