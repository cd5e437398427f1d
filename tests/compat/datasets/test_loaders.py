"""Tests of :mod:`mmpretrain.compat.datasets.loaders`."""

from __future__ import annotations

import pytest

from mmpretrain.compat.datasets.loaders import build_dataloader


@pytest.mark.parametrize(("dist", "batch", "workers"), [(True, 2, 0), (False, 6, 0)])
def test_a_batch_of_a_single_process_is_for_all_devices(dist, batch, workers):
    loader = build_dataloader(list(range(12)), 2, 0, num_gpus=3, dist=dist, shuffle=False, seed=1)
    assert (loader.batch_size, loader.num_workers) == (batch, workers)
    assert next(iter(loader)).tolist() == list(range(batch))


def test_arguments_of_torch_are_passed_on():
    loader = build_dataloader(list(range(5)), 2, 0, dist=False, shuffle=False, drop_last=True)
    assert [len(batch) for batch in loader] == [2, 2]
