"""Where the positions of an image are in the output of a layer.

Shapes: B images, C channels, (h, w) places, N tokens: a few extra ones (class, distillation), then h * w.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from mmpretrain.models.layers.layer_norm import LayerNorm2d

Grid = tuple[int, int]

#: More tokens than this without a place are no class or register tokens.
MOST_EXTRA_TOKENS = 16


@dataclass(frozen=True)
class Layout:
    """How to make a map of an output.

    Args:
        kind: Axes of the output: ``'channels_first'`` (B, C, h, w), ``'channels_last'`` (B, h, w, C), or
            ``'tokens'`` (B, N, C).
        grid: The places (h, w).
        extra: Number of tokens before those of the places.
    """

    kind: Literal["channels_first", "channels_last", "tokens"]
    grid: Grid
    extra: int = 0

    @property
    def places(self) -> int:
        """Number of places."""
        return self.grid[0] * self.grid[1]

    def to_map(self, output: Tensor) -> Tensor:
        """Return the places of an output as (B, C, h, w)."""
        if self.kind == "channels_first":
            return output
        if self.kind == "channels_last":
            return output.permute(0, 3, 1, 2)
        return output[:, self.extra :].transpose(1, 2).unflatten(2, self.grid)

    def drop_channels(self, output: Tensor, channels: Tensor) -> Tensor:
        """Return an output in which image i lacks ``channels[i]``: it is zero at all places."""
        changed = output.clone()
        for row, channel in enumerate(channels.tolist()):
            self.to_map(changed)[row, channel] = 0
        return changed


def find_layout(
    output: Tensor,
    image: Grid,
    *,
    module: nn.Module | None = None,
    extras: Sequence[int] = (0,),
    grids: Iterable[Grid] = (),
) -> Layout | None:
    """Say where the places of an image are in the output of a layer, or None if it has none.

    Args:
        output: The output.
        image: Height and width of the image.
        module: The layer.
        extras: Numbers of extra tokens that the output may have, the likeliest first.
        grids: Grids (h, w) that modules have named, the likeliest first.
    """
    if output.ndim == 4:
        return _layout_of_map(output, image, module)
    if output.ndim != 3:
        return None
    grids = list(grids)
    for extra in extras:
        grid = _grid(output.shape[1] - extra, image, grids)
        if grid is not None:
            return Layout("tokens", grid, extra)
    return None


def _layout_of_map(output: Tensor, image: Grid, module: nn.Module | None) -> Layout:
    _, a, b, c = output.shape
    first, last = (b, c), (a, b)
    # A norm for images accepts channels first and last.
    plain = isinstance(module, nn.LayerNorm) and not isinstance(module, LayerNorm2d)
    is_last = is_grid(last, image) and (plain or not is_grid(first, image))
    return Layout("channels_last", last) if is_last else Layout("channels_first", first)


def _grid(places: int, image: Grid, known: Sequence[Grid]) -> Grid | None:
    """The grid that makes so many places: one that was named, or else the one shaped like the image."""
    if places < 1:
        return None
    named = next((grid for grid in known if grid[0] * grid[1] == places), None)
    if named is not None:
        return named
    pairs = ((h, places // h) for h in range(1, places + 1) if places % h == 0)
    fitting = [pair for pair in pairs if is_grid(pair, image)]
    shape = math.log(image[0] / image[1])
    return min(fitting, key=lambda pair: abs(math.log(pair[0] / pair[1]) - shape), default=None)


def is_grid(grid: Grid, image: Grid) -> bool:
    """Whether an image may have such a grid of places: one stride fits both sides, give or take a place."""
    (h, w), (height, width) = grid, image
    if h > height or w > width:
        return False
    least = max(height / (h + 1), width / (w + 1))
    most = min(height / max(h - 1, 1e-9), width / max(w - 1, 1e-9))
    return least < most
