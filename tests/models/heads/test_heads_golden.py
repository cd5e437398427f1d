"""Heads and necks have the keys and give the numbers of the reference environment (see the cases)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.models.heads import selfsup_cases
from tests.models.heads.head_cases import HEADS, NECKS, run_head, run_neck

DATA = Path(__file__).parent / "data"
EXPECTED = json.loads((DATA / "heads.json").read_text())
SELF_SUPERVISED = json.loads((DATA / "selfsup.json").read_text())


def compare(result: dict, expected: dict) -> None:
    assert list(result) == list(expected)
    assert result["state"] == expected["state"]
    for key in result.keys() - {"state"}:
        if isinstance(expected[key], dict):
            assert list(result[key]) == list(expected[key])
            result[key], expected[key] = (list(part[key].values()) for part in (result, expected))
        np.testing.assert_allclose(result[key], expected[key], rtol=1e-4, atol=1e-5, err_msg=key)


@pytest.mark.parametrize("case", HEADS)
def test_head(case):
    compare(run_head(case), EXPECTED[case])


@pytest.mark.parametrize("case", NECKS)
def test_neck(case):
    compare(run_neck(case), EXPECTED[case])


@pytest.mark.parametrize("case", selfsup_cases.CASES)
def test_self_supervised(case):
    compare(selfsup_cases.run(case), SELF_SUPERVISED[case])
