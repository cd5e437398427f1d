"""Attention by content and by relative place (`An Empirical Study of Spatial Attention Mechanisms in Deep
Networks <https://arxiv.org/abs/1904.05873>`_).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.init import caffe2_xavier_init
from mmpretrain.registry import MODELS

#: Channels of a map to its largest side, for which ``spatial_range`` has a mask.
LARGEST_SIDES = {256: 84, 512: 42}


@MODELS.register_module()
class GeneralizedAttention(nn.Module):
    """Adds the output of attention over a sub-sampled map to the map.

    A query place q scores a key place k by four terms, each of which can be left out: content of q and k,
    content of q and the step from k to q, content of k alone, the step alone.

    Shapes: B maps, C channels, (h, w) queries, (i, j) keys, G heads of D channels.

    Args:
        in_channels: C.
        spatial_range: Largest step in rows and columns; -1 sees everything.
        num_heads: G.
        position_embedding_dim: Width of the sines and cosines of a step; C if not positive.
        position_magnitude: Factor of steps.
        kv_stride: Sub-sampling of the keys.
        q_stride: Sub-sampling of the queries.
        attention_type: A ``1`` for each of the four terms that is wanted.
    """

    _abbr_ = "gen_attention_block"

    def __init__(
        self,
        in_channels: int,
        spatial_range: int = -1,
        num_heads: int = 9,
        position_embedding_dim: int = -1,
        position_magnitude: int = 1,
        kv_stride: int = 2,
        q_stride: int = 1,
        attention_type: str = "1111",
    ) -> None:
        super().__init__()
        if len(attention_type) != 4 or not set(attention_type) <= {"0", "1"}:
            raise ArgumentError(
                f"attention_type must be four of '0' and '1', got {attention_type!r}", key="attention_type"
            )
        self.by_contents, self.by_query_and_step, self.by_key, self.by_step = (
            flag == "1" for flag in attention_type
        )
        self.position_embedding_dim = position_embedding_dim if position_embedding_dim > 0 else in_channels
        self.position_magnitude = position_magnitude
        self.num_heads = num_heads
        self.spatial_range = spatial_range
        self.kv_stride = kv_stride
        self.q_stride = q_stride
        self.head_dims = in_channels // num_heads
        dims = self.head_dims * num_heads
        if self.by_contents or self.by_query_and_step:
            self.query_conv = nn.Conv2d(in_channels, dims, kernel_size=1, bias=False)
        if self.by_contents or self.by_key:
            self.key_conv = nn.Conv2d(in_channels, dims, kernel_size=1, bias=False)
        self.value_conv = nn.Conv2d(in_channels, dims, kernel_size=1, bias=False)
        if self.by_query_and_step or self.by_step:
            self.appr_geom_fc_x = nn.Linear(self.position_embedding_dim // 2, dims, bias=False)
            self.appr_geom_fc_y = nn.Linear(self.position_embedding_dim // 2, dims, bias=False)
        bound = (2 * self.head_dims) ** -0.5
        if self.by_key:
            self.appr_bias = nn.Parameter(bound - 2 * bound * torch.rand(dims))
        if self.by_step:
            self.geom_bias = nn.Parameter(bound - 2 * bound * torch.rand(dims))
        self.proj_conv = nn.Conv2d(dims, in_channels, kernel_size=1)
        self.gamma = nn.Parameter(torch.zeros(1))
        if spatial_range >= 0:
            if in_channels not in LARGEST_SIDES:
                raise ArgumentError(
                    f"spatial_range needs in_channels of 256 or 512, got {in_channels}", key="spatial_range"
                )
            mask = _out_of_range(LARGEST_SIDES[in_channels], spatial_range, kv_stride)
            self.local_constraint_map = nn.Parameter(mask, requires_grad=False)
        self.init_weights()

    def init_weights(self) -> None:
        """Draw all layers as Caffe2 did; ``gamma`` starts at zero, and with it what is added."""
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                caffe2_xavier_init(module)

    def heads(self, x: Tensor) -> Tensor:
        """Split channels: (B, G * D, ...) -> (B, G, D, N)."""
        return x.reshape(x.shape[0], self.num_heads, self.head_dims, -1)

    def bias(self, bias: Tensor) -> Tensor:
        """(G * D) -> (1, G, D, 1)."""
        return bias.view(1, self.num_heads, self.head_dims, 1)

    def step_features(self, num_queries: int, num_keys: int, layer: nn.Linear) -> Tensor:
        """Apply ``layer`` to the steps along one axis, (G, D, queries, keys)."""
        like = layer.weight
        waves = torch.arange(self.position_embedding_dim / 4, device=like.device, dtype=like.dtype)
        wavelengths = 1000 ** (waves * 4 / self.position_embedding_dim)
        queries = torch.arange(num_queries, device=like.device, dtype=like.dtype) * self.q_stride
        keys = torch.arange(num_keys, device=like.device, dtype=like.dtype) * self.kv_stride
        angles = (queries[:, None, None] - keys[:, None]) * self.position_magnitude / wavelengths
        features = layer(torch.cat((angles.sin(), angles.cos()), dim=-1)) / math.sqrt(2)
        return features.permute(2, 0, 1).unflatten(0, (self.num_heads, self.head_dims))

    def content_scores(self, queries: Tensor | None, x_kv: Tensor) -> Tensor | None:
        """The terms with the content of keys, (B, G, h * w or 1, i * j)."""
        against = self.bias(self.appr_bias) if self.by_key else None
        if self.by_contents:
            assert queries is not None
            against = queries if against is None else queries + against
        if against is None:
            return None
        return against.transpose(2, 3) @ self.heads(self.key_conv(x_kv))

    def step_scores(self, queries: Tensor | None, q_size: torch.Size, kv_size: torch.Size) -> Tensor | None:
        """The terms with steps, (B or 1, G, h * w, i * j)."""
        against = self.bias(self.geom_bias) if self.by_step else None
        if self.by_query_and_step:
            assert queries is not None
            against = queries if against is None else queries + against
        if against is None:
            return None
        grid = against.expand(-1, -1, -1, q_size.numel()).unflatten(3, q_size)  # (B, G, D, h, w)
        rows = self.step_features(q_size[0], kv_size[0], self.appr_geom_fc_y)
        columns = self.step_features(q_size[1], kv_size[1], self.appr_geom_fc_x)
        by_row = torch.einsum("bgdhw,gdhi->bghwi", grid, rows).unsqueeze(5)
        by_column = torch.einsum("bgdhw,gdwj->bghwj", grid, columns).unsqueeze(4)
        return (by_row + by_column).flatten(4).flatten(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        x_q = x[:, :, :: self.q_stride, :: self.q_stride]
        x_kv = x[:, :, :: self.kv_stride, :: self.kv_stride]
        q_size, kv_size = x_q.shape[2:], x_kv.shape[2:]
        queries = self.heads(self.query_conv(x_q)) if hasattr(self, "query_conv") else None
        scores = x.new_zeros(x.shape[0], self.num_heads, q_size.numel(), kv_size.numel())
        for term in (self.content_scores(queries, x_kv), self.step_scores(queries, q_size, kv_size)):
            if term is not None:
                scores = scores + term
        if self.spatial_range >= 0:
            far = self.local_constraint_map[: q_size[0], : q_size[1], : kv_size[0], : kv_size[1]]
            scores = scores.masked_fill(far.bool().flatten(2).flatten(0, 1), -math.inf)
        values = self.heads(self.value_conv(x_kv))
        out = values @ F.softmax(scores, dim=-1).transpose(2, 3)  # (B, G, D, h * w)
        out = self.proj_conv(out.reshape(x.shape[0], -1, *q_size))
        if self.q_stride > 1:
            out = F.interpolate(out, size=x.shape[2:], mode="bilinear", align_corners=False)
        return self.gamma * out + x


def _out_of_range(side: int, reach: int, stride: int) -> Tensor:
    """For each query of a square map, 1 for the keys too far away: (side, side, keys, keys)."""
    place = torch.arange(side)[:, None]
    keys = torch.arange((side - 1) // stride + 1)
    first, last = (place - reach).div(stride, rounding_mode="floor"), (place + reach + 1) // stride
    near = (keys >= first) & (keys <= last)  # (side, keys)
    return (~(near[:, None, :, None] & near[None, :, None, :])).byte()
