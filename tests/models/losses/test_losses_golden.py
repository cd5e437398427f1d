"""All losses give the values and gradients of the reference environment (see loss_cases.py)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.models.losses.loss_cases import CASES, run

EXPECTED = json.loads((Path(__file__).parent / "data" / "losses.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_numbers(case):
    result, expected = run(case), EXPECTED[case]
    np.testing.assert_allclose(result["loss"], expected["loss"], rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(result["grad"], expected["grad"], rtol=2e-5, atol=2e-6)
