"""Random numbers that are keyed by sample, for a whole batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.utils.keyed_draws import Draws, mixed
from mmpretrain.utils.seeding import mix


def draws(count: int = 20_000, start: int = 0) -> Draws:
    return Draws(np.arange(start, start + count, dtype=np.uint64))


def test_arrays_are_mixed_as_integers_are():
    state = np.zeros(3, dtype=np.uint64)
    for numbers in (np.array([1, 2, -3]), np.array([7, 7, 2**62])):
        state = mixed(state, numbers)
    assert state.tolist() == [mix(1, 7), mix(2, 7), mix(-3, 2**62)]


def test_a_sample_draws_the_same_in_any_batch():
    whole, part = draws(10), draws(4, start=3)
    for name, arguments in (("uniforms", (3,)), ("normal", ()), ("beta", (0.2,)), ("permutations", (4,))):
        assert np.array_equal(getattr(whole, name)(*arguments)[3:7], getattr(part, name)(*arguments)), name
    some = whole.take(np.array([5, 3]))
    assert np.array_equal(some.uniform(), whole.uniform()[[5, 3]])
    assert np.array_equal(
        whole.fork(2).noise((3,), torch.device("cpu"))[3], part.fork(2).noise((3,), torch.device("cpu"))[0]
    )


def test_sources_and_calls_are_independent():
    source = draws()
    columns = [source.uniform(), source.uniform(), source.fork(0).uniform(), source.fork(1).uniform()]
    correlations = np.corrcoef(np.stack(columns)) - np.eye(4)
    assert np.abs(correlations).max() < 0.03


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.8, 1.0, 4.0])
def test_beta_has_the_moments_of_numpy(alpha):
    ours, numpy = draws().beta(alpha), np.random.default_rng(0).beta(alpha, alpha, 20_000)
    assert 0 <= ours.min() <= ours.max() <= 1
    quantiles = np.linspace(0.05, 0.95, 19)
    assert np.abs(np.quantile(ours, quantiles) - np.quantile(numpy, quantiles)).max() < 0.03


def test_distributions():
    source = draws()
    uniform, normal = source.uniform(2, 4), source.normal(1, 2)
    assert uniform.mean() == pytest.approx(3, abs=0.02)
    assert 2 <= uniform.min() < uniform.max() < 4
    assert (normal.mean(), normal.std()) == pytest.approx((1, 2), abs=0.05)
    assert np.bincount(source.integers(3)) / 20_000 == pytest.approx(1 / 3, abs=0.02)
    assert np.bincount(source.choices([1, 0, 3])) / 20_000 == pytest.approx([0.25, 0, 0.75], abs=0.02)
    assert source.integers(np.arange(1, 20_001)).max() < 20_000
    orders = source.permutations(3)
    assert (np.sort(orders, axis=1) == np.arange(3)).all()
    assert len({tuple(order) for order in orders}) == 6


def test_noise_fills_pixels_independently():
    noise = draws(50).noise((3, 20, 20), torch.device("cpu"))
    assert noise.shape == (50, 3, 20, 20)
    assert float(noise.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(noise.std()) == pytest.approx(12**-0.5, abs=0.01)
    assert abs(np.corrcoef(noise[0].flatten(), noise[1].flatten())[0, 1]) < 0.1
    assert abs(np.corrcoef(noise[0].flatten()[1:], noise[0].flatten()[:-1])[0, 1]) < 0.1
