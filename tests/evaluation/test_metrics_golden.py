"""All metrics give the names and numbers of the reference environment (see metric_cases.py)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.metric_cases import CASES, evaluate

EXPECTED = json.loads((Path(__file__).parent / "data" / "metrics.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_numbers(case):
    values, expected = evaluate(case), EXPECTED[case]
    assert list(values) == list(expected)
    for name, value in values.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-5, err_msg=name)
