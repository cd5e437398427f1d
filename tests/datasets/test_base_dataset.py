from __future__ import annotations

import pickle

import numpy as np
import pytest

from mmpretrain.errors import DataError, MissingFileError
from tests.datasets.base_cases import build


def test_lazy_init(root):
    dataset = build(root, lazy_init=True, data_root=str(root / "nowhere"))
    assert "Haven't been initialized" in repr(dataset)
    with pytest.raises(MissingFileError):
        len(dataset)
    dataset = build(root, lazy_init=True)
    assert not dataset._fully_initialized
    assert len(dataset) == 6
    assert "Number of samples: \t6" in repr(dataset)


def test_pipeline_and_refetch(root):
    seen = []

    def only_odd(results):
        seen.append(results["sample_idx"])
        return results if results["gt_label"] else None

    dataset = build(root, pipeline=[only_odd])
    np.random.seed(0)
    assert dataset[0]["gt_label"] == 1
    assert seen[0] == 0
    assert len(seen) > 1
    with pytest.raises(DataError, match="in test mode"):
        build(root, pipeline=[only_odd], test_mode=True)[0]
    with pytest.raises(DataError, match="3 samples in a row"):
        build(root, pipeline=[lambda results: None], max_refetch=2)[0]


def test_pickles(root):
    dataset = pickle.loads(pickle.dumps(build(root)))
    assert dataset.get_data_info(5)["gt_label"] == 1
