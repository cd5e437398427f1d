"""Tests of :mod:`mmpretrain.datasets.pixels.store`."""

from __future__ import annotations

import numpy as np

from mmpretrain.datasets.pixels.store import PixelStore

PIXELS = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)


def test_what_is_kept_comes_back():
    store = PixelStore.in_memory(3, 1 << 10)
    assert store.get(1) is None
    assert store.put(1, PIXELS, (8, 10))
    kept = store.get(1)
    assert kept is not None
    assert np.array_equal(kept.pixels, PIXELS)
    assert kept.shape == (8, 10)
    assert store.get(1, signature=5) is None


def test_an_image_that_two_processes_load_takes_room_once():
    store = PixelStore.in_memory(2, 2 * 64)
    assert store.put(0, PIXELS, (4, 5))
    assert store.put(0, PIXELS, (4, 5)), "it is there"
    assert store.used == 64
    assert store.put(1, PIXELS, (4, 5))
    assert store.count == 2


def test_room_is_claimed_while_another_process_writes():
    store = PixelStore.in_memory(2, 2 * 64)
    assert store._take(0, PIXELS.nbytes, 0) is not None  # as another process does before it writes
    assert not store.put(0, PIXELS, (4, 5))
    assert store.put(1, PIXELS, (4, 5))


def test_a_changed_image_in_a_file_takes_room_again(tmp_path):
    store = PixelStore.at(tmp_path / "kept", 2, 2 * 64, bytes(16))
    assert store.put(0, PIXELS, (4, 5), signature=1)
    assert store.put(0, PIXELS + 1, (4, 5), signature=2)
    assert store.used == 128
    assert not store.put(1, PIXELS, (4, 5)), "the room is used up"
    kept = store.get(0, signature=2)
    assert kept is not None
    assert np.array_equal(kept.pixels, PIXELS + 1)
