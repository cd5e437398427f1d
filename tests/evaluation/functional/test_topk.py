"""Top-k accuracy."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.functional import accuracy, as_topk, limit_topk

SCORES = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.4, 0.35, 0.25]])


def test_each_k_and_threshold():
    table = accuracy(SCORES, [0, 2, 1], topk=(1, 2), thrs=(0.0, 0.33, None))
    expected = [[100 / 3, 100 / 3, 100 / 3], [100, 200 / 3, 100]]
    torch.testing.assert_close(table, torch.tensor(expected))


@pytest.mark.parametrize(("given", "found"), [(5, (5,)), ([1, 5], (1, 5)), (5.0, (5,)), ({1}, (1,))])
def test_values_of_k(given, found):
    assert as_topk(given) == found


@pytest.mark.parametrize("given", [(), 0, -1, 1.5, (1, "5"), "15", [None], float("nan"), float("inf")])
def test_what_is_no_k(given):
    with pytest.raises(ConfigError, match="whole numbers from 1 on"):
        as_topk(given)


def test_too_large_ones_are_left_out(caplog):
    assert limit_topk((1, 5), 3) == (1,)
    assert "only 3 classes: reporting top-1 only" in caplog.text
