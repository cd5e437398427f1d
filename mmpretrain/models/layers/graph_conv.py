"""Graph convolutions on maps, whose positions are connected to the most similar ones.

From `Vision GNN <https://arxiv.org/abs/2206.00272>`_.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError

# Shapes: B images, C channels, N nodes, M nodes that may be neighbours, K neighbours of a node.


@torch.no_grad()
def nearest(x: Tensor, y: Tensor, count: int, relative_pos: Tensor | None = None) -> Tensor:
    """Find the nearest neighbours of each node by the distance of normalised features.

    Args:
        x: Features of the nodes, (B, C, N).
        y: Features of those that may be neighbours, (B, C, M).
        count: Number of neighbours K; with fewer nodes, all.
        relative_pos: Added to the squared distances, (1, N, M).

    Returns:
        Indices (B, N, K), the nearest first.
    """
    x, y = (F.normalize(t, dim=1).transpose(1, 2) for t in (x, y))
    distance = x.square().sum(-1, keepdim=True) - 2 * x @ y.transpose(1, 2) + y.square().sum(-1).unsqueeze(1)
    if relative_pos is not None:
        distance = distance + relative_pos
    return (-distance).topk(min(count, y.shape[1])).indices


def take_neighbours(y: Tensor, index: Tensor) -> Tensor:
    """Look up the features (B, C, N, K) of neighbours in those of all nodes (B, C, M)."""
    batch, channels, _ = y.shape
    flat = index.flatten(1).unsqueeze(1).expand(batch, channels, -1)
    return y.gather(2, flat).unflatten(2, index.shape[1:])


class BasicConv(nn.Sequential):
    """A 1x1 convolution in four groups, a norm and an activation.

    Args:
        in_channels: Number of channels in.
        out_channels: Number of channels out.
        act: Makes the activation, or None.
        norm: Makes the norm of so many channels, or None.
        bias: Give the convolution a bias.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        act: Callable[[], nn.Module] | None,
        norm: Callable[[int], nn.Module] | None,
        bias: bool,
    ) -> None:
        layers: list[nn.Module] = [nn.Conv2d(in_channels, out_channels, 1, bias=bias, groups=4)]
        if norm is not None:
            layers.append(norm(out_channels))
        if act is not None:
            layers.append(act())
        super().__init__(*layers)


Conv = Callable[[int, int], nn.Module]


class MRConv2d(nn.Module):
    """Convolves a node together with the largest differences to its neighbours.

    Args:
        in_channels: Number of channels C.
        out_channels: Number of channels out.
        conv: Makes a convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, conv: Conv) -> None:
        super().__init__()
        self.nn = conv(in_channels * 2, out_channels)

    def forward(self, x: Tensor, y: Tensor, index: Tensor) -> Tensor:
        """Transform nodes (B, C, N, 1), given those that may be neighbours (B, C, M)."""
        # The node is the same for all its neighbours, so it is subtracted after the maximum.
        largest = take_neighbours(y, index).max(-1, keepdim=True).values - x
        return self.nn(torch.stack((x, largest), dim=2).flatten(1, 2))


class EdgeConv2d(nn.Module):
    """Convolves a node together with the difference to each neighbour, and takes the maximum.

    Args:
        in_channels: Number of channels C.
        out_channels: Number of channels out.
        conv: Makes a convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, conv: Conv) -> None:
        super().__init__()
        self.nn = conv(in_channels * 2, out_channels)

    def forward(self, x: Tensor, y: Tensor, index: Tensor) -> Tensor:
        """Transform nodes (B, C, N, 1), given those that may be neighbours (B, C, M)."""
        others = take_neighbours(y, index)
        pairs = torch.cat((x.expand_as(others), others - x), dim=1)
        return self.nn(pairs).max(-1, keepdim=True).values


class GraphSAGE(nn.Module):
    """Convolves a node together with the maximum of its convolved neighbours.

    Args:
        in_channels: Number of channels C.
        out_channels: Number of channels out.
        conv: Makes a convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, conv: Conv) -> None:
        super().__init__()
        self.nn1 = conv(in_channels, in_channels)
        self.nn2 = conv(in_channels * 2, out_channels)

    def forward(self, x: Tensor, y: Tensor, index: Tensor) -> Tensor:
        """Transform nodes (B, C, N, 1), given those that may be neighbours (B, C, M)."""
        others = self.nn1(take_neighbours(y, index)).max(-1, keepdim=True).values
        return self.nn2(torch.cat((x, others), dim=1))


class GINConv2d(nn.Module):
    """Convolves the sum of a node, with a learnable weight, and its neighbours.

    Args:
        in_channels: Number of channels C.
        out_channels: Number of channels out.
        conv: Makes a convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, conv: Conv) -> None:
        super().__init__()
        self.nn = conv(in_channels, out_channels)
        self.eps = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, y: Tensor, index: Tensor) -> Tensor:
        """Transform nodes (B, C, N, 1), given those that may be neighbours (B, C, M)."""
        return self.nn((1 + self.eps) * x + take_neighbours(y, index).sum(-1, keepdim=True))


GRAPH_CONVS: dict[str, Callable[[int, int, Conv], nn.Module]] = {
    "edge": EdgeConv2d,
    "mr": MRConv2d,
    "sage": GraphSAGE,
    "gin": GINConv2d,
}


class DyGraphConv2d(nn.Module):
    """A graph convolution of the positions of a map, joined to their nearest neighbours.

    Args:
        in_channels: Number of channels C.
        out_channels: Number of channels out.
        k: Number of neighbours K.
        dilation: Take every ``dilation``-th of the nearest neighbours.
        graph_conv_type: ``'edge'``, ``'mr'``, ``'sage'`` or ``'gin'``.
        act: Makes the activation.
        norm: Makes the norm of so many channels, or None.
        graph_conv_bias: Give convolutions a bias.
        use_stochastic: In training, sometimes take random ones of the nearest neighbours.
        epsilon: How often.
        r: Neighbours are positions of a map that is smaller by this factor.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        k: int,
        dilation: int,
        graph_conv_type: str,
        act: Callable[[], nn.Module],
        norm: Callable[[int], nn.Module] | None,
        graph_conv_bias: bool = True,
        use_stochastic: bool = False,
        epsilon: float = 0.2,
        r: int = 1,
    ) -> None:
        super().__init__()
        if graph_conv_type not in GRAPH_CONVS:
            raise ArgumentError(
                f"There is no graph convolution {graph_conv_type!r}",
                hint=f"Choose one of {', '.join(GRAPH_CONVS)}.",
                key="graph_conv_type",
            )
        self.k, self.dilation, self.r = k, dilation, r
        self.use_stochastic, self.epsilon = use_stochastic, epsilon
        conv = partial(BasicConv, act=act, norm=norm, bias=graph_conv_bias)
        self.gconv = GRAPH_CONVS[graph_conv_type](in_channels, out_channels, conv)

    def forward(self, x: Tensor, relative_pos: Tensor | None = None) -> Tensor:
        """Transform a map (B, C, H, W); ``relative_pos`` (1, N, M) is added to distances."""
        hw = (x.shape[2], x.shape[3])
        y = F.avg_pool2d(x, self.r) if self.r > 1 else x
        nodes, others = x.flatten(2), y.flatten(2)
        index = self.choose(nearest(nodes, others, self.k * self.dilation, relative_pos))
        return self.gconv(nodes.unsqueeze(-1), others, index).squeeze(-1).unflatten(2, hw)

    def choose(self, index: Tensor) -> Tensor:
        """Choose K of the nearest neighbours (B, N, K * dilation)."""
        if self.use_stochastic and self.training and bool(torch.rand(1) < self.epsilon):
            return index[:, :, torch.randperm(index.shape[-1])[: self.k]]
        return index[:, :, :: self.dilation]


def relative_grid_distance(size: int, channels: int) -> Tensor:
    """How alike the positions of a grid are: products of their sine and cosine embeddings, (N, N)."""
    omega = 10000.0 ** -(torch.arange(channels // 4, dtype=torch.float32) / (channels / 4))
    place = torch.arange(size, dtype=torch.float32)
    difference = place[:, None] - place[None, :]
    alike = (difference.unsqueeze(-1) * omega).cos().sum(-1)  # along one axis, (size, size)
    whole = alike[:, None, :, None] + alike[None, :, None, :]
    return 2 * whole.reshape(size * size, size * size) / channels
