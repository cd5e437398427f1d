"""Tests of :mod:`mmpretrain.models.layers.non_local`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmpretrain.models.layers import (
    NonLocal1d,
    NonLocal3d,
)
from mmpretrain.registry import MODELS
from tests.models.layers.mmcv_cases import CASES, run

EXPECTED = json.loads((Path(__file__).parent / "data" / "mmcv_layers.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_as_in_the_reference_environment(case):
    kind = CASES[case][0]
    own = {"NonLocal1d": NonLocal1d, "NonLocal3d": NonLocal3d}
    result, expected = run(case, {kind: own.get(kind) or MODELS.get(kind)}), EXPECTED[case]
    assert list(result["state"].items()) == list(expected["state"].items())
    assert result["initial"] == pytest.approx(expected["initial"], rel=1e-6)
    assert result["output"].pop("shape") == expected["output"].pop("shape")
    for key, value in expected["output"].items():
        assert result["output"][key] == pytest.approx(value, abs=1e-5), key
