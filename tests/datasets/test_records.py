from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from mmpretrain.datasets.records import ArrayColumn, MixedTable, NumberColumn, RecordTable, TextColumn

VALUES = {
    "text": ["data/a.jpg", "data/ü b.jpg", "data/\udcff.jpg"],
    "one text": ["same"] * 3,
    "empty text": ["", "a", "b"],
    "integers": [0, -(2**31), 7],
    "large integers": [2**40, 1, 2],
    "huge integers": [2**70, 1, 2],
    "floats": [0.1, 1e300, -2.0],
    "booleans": [True, False, True],
    "mixed numbers": [1, 2.0, 3],
    "lists": [[1], [], [2, 3]],
    "none": [None, "a", 1],
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
@pytest.mark.parametrize("through", [lambda x: x, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_values_come_back(values, through):
    table = through(RecordTable.of([{"x": value} for value in values]))
    found = [record["x"] for record in table]
    assert found == values
    assert list(map(type, found)) == list(map(type, values))
    assert [r["x"] for r in table.take(np.array([2, 0]))] == [values[2], values[0]]
    assert table[-1] == table[2]


def test_compact_columns():
    images = [np.full((2, 2), i, np.uint8) for i in range(3)]
    table = RecordTable.of([{"p": f"a/{i}", "n": i, "img": images[i]} for i in range(3)])
    kinds = [type(column) for column in table.columns.values()]
    assert kinds == [TextColumn, NumberColumn, ArrayColumn]
    table[0]["img"][:] = 9
    assert (table[0]["img"] == 0).all(), "arrays are copies"
    assert table.integers("n").tolist() == [0, 1, 2]
    assert table.integers("p") is None


def test_labels_that_are_arrays_without_dimensions():
    labels = [np.array(i, dtype=np.int64) for i in range(2)]
    record = RecordTable.of([{"gt_label": label} for label in labels])[1]
    assert isinstance(record["gt_label"], np.ndarray)
    assert record["gt_label"].shape == ()


def test_records_without_common_keys():
    records = [{"a": 1}, {"b": 2}]
    table = pickle.loads(pickle.dumps(RecordTable.of(records)))
    assert isinstance(table, MixedTable)
    assert list(table) == records
    assert list(table.take(np.array([1]))) == records[1:]


@pytest.mark.parametrize("index", [2, -3])
def test_out_of_range(index):
    with pytest.raises(IndexError):
        RecordTable.of([{"a": 1}, {"a": 2}])[index]
    with pytest.raises(IndexError):
        RecordTable.of([{"a": 1}, {"b": 2}])[index]


def test_empty():
    assert len(RecordTable.of([])) == 0
    assert list(RecordTable.of([])) == []
