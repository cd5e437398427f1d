"""What the tests of samplers share."""

from __future__ import annotations

from mmpretrain.registry import DATA_SAMPLERS

DATASET = list(range(10))


def build(name, dataset=DATASET, **kwargs):
    return DATA_SAMPLERS.build(dict(type=name.split()[0], dataset=dataset, seed=5, **kwargs))
