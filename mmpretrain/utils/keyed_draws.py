"""Random numbers for a whole batch, of which each sample's depend on its own key only.

The generator counts: a number is a hash of the key and of how many were drawn before. So a batch needs no
loop over its samples, and a sample's numbers do not change with the batch that it is in.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
#: Attempts at a gamma variate. Each one succeeds with a probability of at least 0.95.
_ATTEMPTS = 16


def mixed(state: np.ndarray, number: np.ndarray | int) -> np.ndarray:
    """Combine arrays of uint64, as :func:`mmpretrain.utils.seeding.mix` combines integers.

    Args:
        state: What was combined before; zeros to begin with.
        number: What to add, of a shape that broadcasts with ``state``.
    """
    with np.errstate(over="ignore"):  # arithmetic modulo 2 ** 64
        state = state + np.asarray(number).astype(np.uint64) + np.uint64(_GOLDEN)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(_FIRST)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(_SECOND)
        return state ^ (state >> np.uint64(31))


class Draws:
    """Draws random numbers for the samples of a batch.

    Args:
        keys: One number for each sample, (B,) uint64.
    """

    def __init__(self, keys: np.ndarray) -> None:
        self.keys = keys
        self._calls = 0

    def __len__(self) -> int:
        return len(self.keys)

    def fork(self, number: int) -> Draws:
        """Return an independent source for the same samples."""
        return Draws(mixed(mixed(self.keys, number), 0x666F726B))

    def take(self, indices: np.ndarray) -> Draws:
        """Return the source of some of the samples; they draw as they would in the whole batch."""
        part = Draws(self.keys[indices])
        part._calls = self._calls
        return part

    def _states(self) -> np.ndarray:
        self._calls += 1
        return mixed(self.keys, self._calls)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """Draw one number from [low, high) for each sample, (B,) float64."""
        return low + (high - low) * self.uniforms(1)[:, 0]

    def uniforms(self, count: int) -> np.ndarray:
        """Draw ``count`` numbers from [0, 1) for each sample, (B, count) float64."""
        bits = mixed(self._states()[:, None], np.arange(count))
        return (bits >> np.uint64(11)) * 2.0**-53

    def normal(self, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
        """Draw one number of a normal distribution for each sample, (B,)."""
        return mean + std * self.normals(1)[:, 0]

    def normals(self, count: int) -> np.ndarray:
        """Draw ``count`` numbers of the standard normal distribution for each sample, (B, count)."""
        radius, angle = np.split(self.uniforms(2 * count), 2, axis=1)
        return np.sqrt(-2 * np.log1p(-radius)) * np.cos(2 * np.pi * angle)

    def integers(self, high: int | np.ndarray) -> np.ndarray:
        """Draw one of 0, ..., high - 1 for each sample, (B,); ``high`` may differ between samples."""
        return np.floor(self.uniform() * high).astype(np.int64)

    def choices(self, weights: Sequence[float]) -> np.ndarray:
        """Draw one index for each sample, (B,), with the probability of its weight."""
        cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
        found = np.searchsorted(cumulative / cumulative[-1], self.uniform(), side="right")
        return np.minimum(found, len(cumulative) - 1)

    def permutations(self, count: int) -> np.ndarray:
        """Draw an order of ``count`` things for each sample, (B, count)."""
        return np.argsort(self.uniforms(count), axis=1)

    def beta(self, alpha: float, beta: float | None = None) -> np.ndarray:
        """Draw one number of a beta distribution for each sample, (B,)."""
        first, second = (self._log_gamma(shape) for shape in (alpha, alpha if beta is None else beta))
        return 1 / (1 + np.exp(np.clip(second - first, -700, 700)))

    def _log_gamma(self, shape: float) -> np.ndarray:
        """Draw logarithms of gamma variates.

        Marsaglia and Tsang, A simple method for generating gamma variables (2000), for all samples at once.
        """
        third = (shape + 1 if shape < 1 else shape) - 1 / 3
        step = 1 / np.sqrt(9 * third)
        normals, uniforms = self.normals(_ATTEMPTS), self.uniforms(_ATTEMPTS)
        cubes = np.maximum(1 + step * normals, 1e-100) ** 3
        bound = 0.5 * normals**2 + third * (1 - cubes + np.log(cubes))
        accepted = (1 + step * normals > 0) & (np.log1p(-uniforms) < bound)
        first = accepted.argmax(axis=1)
        logs = np.log(third * cubes[np.arange(len(cubes)), first])
        return logs + np.log1p(-self.uniform()) / shape if shape < 1 else logs

    def noise(self, shape: Sequence[int], device: torch.device) -> Tensor:
        """Draw numbers from [0, 1) for each sample, (B, *shape) float32, on the device itself."""
        states = torch.from_numpy(self._states().view(np.int64)).to(device)
        counters = torch.arange(int(np.prod(shape)), device=device)
        bits = _mixed_on_device(states[:, None] + counters)
        return ((bits >> 40 & 0xFFFFFF).float() * 2.0**-24).view(-1, *shape)


def _mixed_on_device(state: Tensor) -> Tensor:
    """The last steps of :func:`mixed`, for int64 tensors: products wrap, and shifts must lose the sign."""
    state = state + _signed(_GOLDEN)
    state = (state ^ (state >> 30 & (1 << 34) - 1)) * _signed(_FIRST)
    state = (state ^ (state >> 27 & (1 << 37) - 1)) * _signed(_SECOND)
    return state ^ (state >> 31 & (1 << 33) - 1)


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number
