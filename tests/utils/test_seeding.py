"""Tests of :mod:`mmpretrain.utils.seeding`."""

from __future__ import annotations

import random

import numpy as np
import torch

from mmpretrain.utils.seeding import get_rng_state, mix, preserved_rng, seed_everything, set_rng_state


def test_state_of_generators_round_trips():
    seed_everything(1, 2, 3)
    state = get_rng_state()
    drawn = random.random(), np.random.rand(), float(torch.rand(()))
    with preserved_rng():
        seed_everything(9)
    set_rng_state(state)
    assert drawn == (random.random(), np.random.rand(), float(torch.rand(())))


def test_keys_that_differ_little_mix_to_numbers_that_differ_much():
    numbers = {mix(seed, epoch, index) for seed in range(8) for epoch in range(8) for index in range(64)}
    assert len(numbers) == 8 * 8 * 64
    changed = [bin(mix(0, 0, index) ^ mix(0, 0, index + 1)).count("1") for index in range(200)]
    assert 26 < sum(changed) / len(changed) < 38


def test_a_number_of_more_than_64_bits_is_a_seed():
    seed_everything(10**30)
    first = torch.rand(1)
    seed_everything(10**30)
    assert torch.rand(1) == first
