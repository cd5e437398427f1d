"""Tests of :mod:`mmpretrain.datasets.transforms.randomness`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets.transforms import (
    RandomCrop,
    TransformBroadcaster,
    avoid_cache_randomness,
)
from mmpretrain.datasets.transforms.randomness import rand_below
from mmpretrain.errors import ConfigError
from tests.datasets.transforms.wrapper_cases import Add, image


def test_broadcaster_shares_draws():
    mapping = dict(value=["left", "right"])
    apart = TransformBroadcaster([Add()], mapping=mapping)(dict(left=0, right=0))
    assert apart["left"] != apart["right"]
    shared = TransformBroadcaster([Add(), Add()], mapping=mapping, share_random_params=True)
    together = shared(dict(left=0, right=0))
    assert together["left"] == together["right"]
    # Each transform draws its own number, and the next sample other ones.
    assert shared(dict(left=0, right=0))["left"] != together["left"]


def test_broadcaster_over_all_keys_and_crops():
    crop = TransformBroadcaster([RandomCrop(8)], mapping=dict(img="img"), share_random_params=True)
    first, second = crop(dict(img=[image(), image()]))["img"]
    assert np.array_equal(first, second)
    assert TransformBroadcaster([Add(1)])(dict(value=[1, 2])) == dict(value=[2, 3])
    with pytest.raises(ConfigError, match="one length"):
        TransformBroadcaster([Add(1)], mapping=dict(value="a", b="b"))(dict(a=[1], b=[1, 2]))


def test_some_transforms_cannot_share():
    @avoid_cache_randomness
    class Alone(Add):
        pass

    with pytest.raises(ConfigError, match="Alone"):
        TransformBroadcaster([Alone()], mapping=dict(value=["a", "b"]), share_random_params=True)(
            dict(a=1, b=1)
        )


def test_rand_below_draws_as_numpy():
    counts = [1, 2, 3, 7, 64, 65, 1000, 2**31, 2**32 - 1, 2**32, 2**32 + 1] * 20
    np.random.seed(3)
    theirs = [int(np.random.randint(count)) for count in counts] + [np.random.random_sample()]
    np.random.seed(3)
    assert [rand_below(count) for count in counts] + [np.random.random_sample()] == theirs
    with pytest.raises(ValueError, match=r"high|low"):
        rand_below(0)
    np.random.seed(4)
    chosen = np.random.choice(14, size=50).tolist()
    np.random.seed(4)
    assert [rand_below(14) for _ in range(50)] == chosen
