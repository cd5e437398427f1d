"""Memory that is used again."""

from __future__ import annotations

import threading

import numpy as np

from mmpretrain.datasets.transforms.functional import scratch


def test_a_use_has_its_memory():
    first = scratch.borrowed("a", (10, 20, 3))
    assert (first.shape, first.dtype) == ((10, 20, 3), np.uint8)
    assert np.shares_memory(first, scratch.borrowed("a", (3, 3, 3)))
    assert not np.shares_memory(first, scratch.borrowed("b", (10, 20, 3)))
    larger = scratch.borrowed("a", (100, 200, 3))
    assert not np.shares_memory(first, larger)
    assert np.shares_memory(larger, scratch.borrowed("a", (10, 20, 3)))


def test_threads_have_their_own():
    here, there = scratch.borrowed("a", (5,)), []
    thread = threading.Thread(target=lambda: there.append(scratch.borrowed("a", (5,))))
    thread.start()
    thread.join()
    assert not np.shares_memory(here, there[0])


def test_large_images_are_not_kept(monkeypatch):
    monkeypatch.setattr(scratch, "LARGEST", 100)
    assert not np.shares_memory(scratch.borrowed("c", (101,)), scratch.borrowed("c", (101,)))
