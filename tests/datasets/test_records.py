from __future__ import annotations

import copy
import io
import pickle
import time
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mmpretrain.datasets import CustomDataset
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


LINES = 200_000


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "train.txt"
    with path.open("w") as file:
        for i in range(LINES):
            file.write(f"n{i // 200:08d}/n{i // 200:08d}_{i % 20_000}.JPEG {i // 200}\n")
    return CustomDataset(data_prefix="data/imagenet/train", ann_file=str(path))


def blocks(dataset):
    columns = dataset._records.columns
    text, numbers = columns["img_path"], columns["gt_label"]
    return [text.blob, text.bounds, numbers.values]


def test_room_and_time(dataset):
    size = sum(block.array.nbytes for block in blocks(dataset))
    assert size * 1_281_167 / LINES < 90 * 2**20, "100 MiB for the 1.28 million images of ImageNet"
    assert dataset.get_data_info(150_123) == {
        "img_path": "data/imagenet/train/n00000750/n00000750_10123.JPEG",
        "gt_label": 750,
        "sample_idx": 150_123,
    }
    fastest = []
    for _ in range(5):
        start = time.process_time()
        for index in range(0, LINES, 20):
            dataset.get_data_info(index)
        fastest.append((time.process_time() - start) / (LINES / 20))
    assert min(fastest) < 6e-6, "2 microseconds on a machine that does nothing else"


def test_spawned_workers_map_the_same_memory(dataset):
    twins = []
    for _ in range(2):
        ForkingPickler(io.BytesIO()).dump(dataset)
        twins.append([block.shared() for block in blocks(dataset)])
    assert all(twin.is_shared() for twin in twins[0])
    assert all(a is b for a, b in zip(*twins)), "one for all workers"
    assert dataset.get_data_info(1)["img_path"].endswith("n00000000_1.JPEG"), "the original stays where it is"


def test_spawned_workers_read_it(dataset):
    few = dataset.get_subset(6)
    few.pipeline = None
    loader = DataLoader(Records(few), batch_size=3, num_workers=1, multiprocessing_context="spawn")
    assert [label for batch in loader for label in batch.tolist()] == [0] * 6


class Records:
    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        return self.dataset.get_data_info(index)["gt_label"]


def read_all(dataset, queue):
    def private():
        lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private"))

    before = private()
    for index in range(LINES):
        dataset.get_data_info(index)
    queue.put(private() - before)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux' account of memory")
def test_forked_workers_copy_nothing(dataset):
    context = torch.multiprocessing.get_context("fork")
    queue = context.Queue()
    worker = context.Process(target=read_all, args=(dataset, queue))
    worker.start()
    grown = queue.get(timeout=300)
    worker.join()
    assert grown < 2048, "KiB that a worker adds by reading every record"
