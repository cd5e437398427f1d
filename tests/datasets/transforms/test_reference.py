"""Pixels, keys and random draws equal those of the reference environment."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from mmpretrain.registry import TRANSFORMS
from tests.datasets.transforms import cases

REFERENCE = json.loads(gzip.decompress((Path(__file__).parent / "data/reference.json.gz").read_bytes()))


@pytest.fixture(scope="module")
def found():
    return json.loads(json.dumps(cases.run(TRANSFORMS.build)))


def same(name: str, a, b) -> bool:
    """Equal; for resampled pixels, up to rounding, which differs between versions of OpenCV and Pillow."""
    if a == b:
        return True
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(name, a[key], b[key]) for key in a)
    arrays = isinstance(a, list) and isinstance(b, list) and len(a) == len(b) == 4 and a[:2] == b[:2]
    if arrays and ("resample" in name or "augment" in name or "multi_view" in name):
        return np.abs(np.subtract(a[3], b[3])).max() <= 1
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return all(same(name, x, y) for x, y in zip(a, b))
    return False


@pytest.mark.parametrize("name", cases.CASES)
def test_equals_the_reference(found, name):
    keys = [key for key in REFERENCE if key.partition("/")[0] == name]
    assert keys
    for key in keys:
        assert same(name, found[key], REFERENCE[key]), f"{key}\n{found[key]}\n{REFERENCE[key]}"


def test_fixture_holds_every_case(found):
    assert found.keys() == REFERENCE.keys()
