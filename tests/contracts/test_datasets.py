"""Every data set reads its publisher's layout as the reference environment does.

``data/datasets.json`` holds ``summary(DATASETS.build(config), root)`` for all ``cases(root)``, from
mmpretrain 1.2 and mmengine 0.10.7; checksums of CIFAR were switched off there as they are here.
"""

from __future__ import annotations

import gzip
import inspect
import json
import pickle
import re
from pathlib import Path

import pytest

from mmpretrain import datasets
from mmpretrain.registry import DATA_SAMPLERS, DATASETS, FUNCTIONS
from tests.contracts import dataset_trees

HERE = Path(__file__).parent
REFERENCE = json.loads((HERE / "data" / "datasets.json").read_text())
COMPONENTS = json.loads(gzip.decompress((HERE.parent / "facts" / "components.json.gz").read_bytes()))
REGISTRIES = {"DATASETS": DATASETS, "DATA_SAMPLERS": DATA_SAMPLERS, "FUNCTIONS": FUNCTIONS}
NAMES = [
    (library, registry, name, signature)
    for library in ("mmpretrain", "mmengine")
    for registry in REGISTRIES
    for name, signature in COMPONENTS.get(f"{library}.{registry}", {}).items()
]
WRAPPERS = {"ConcatDataset", "RepeatDataset", "ClassBalancedDataset", "KFoldDataset"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    path = tmp_path_factory.mktemp("trees")
    dataset_trees.build(path)
    return path


@pytest.fixture(autouse=True)
def unchecked_cifar(monkeypatch):
    for kind, train, test in (
        (datasets.CIFAR10, ["data_batch_1", "data_batch_2"], ["test_batch"]),
        (datasets.CIFAR100, ["train"], ["test"]),
    ):
        monkeypatch.setattr(kind, "train_list", [[name, None] for name in train])
        monkeypatch.setattr(kind, "test_list", [[name, None] for name in test])


@pytest.mark.parametrize("name", REFERENCE)
def test_records_equal_reference(name, root):
    dataset = DATASETS.build(dataset_trees.cases(root)[name])
    assert dataset_trees.summary(dataset, root) == REFERENCE[name]


@pytest.mark.parametrize("name", REFERENCE)
def test_contract(name, root):
    cfg = dataset_trees.cases(root)[name]
    dataset = DATASETS.build(cfg)
    size = len(dataset)
    assert repr(dataset).startswith(f"Dataset {cfg['type']}\n    Number of samples: \t{size}\n")
    assert dataset[0].keys() >= {"sample_idx"}, "an empty pipeline passes the record on"
    info = dataset.get_data_info(0)
    if "gt_label" in info and isinstance(info["gt_label"], int):
        labels = dataset.get_gt_labels()
        assert labels.tolist() == [dataset.get_cat_ids(i)[0] for i in range(size)]
        if dataset.CLASSES is not None:
            assert 0 <= labels.min() <= labels.max() < len(dataset.CLASSES)
            assert len(dataset.class_to_idx) == len(set(dataset.CLASSES))
    part = dataset.get_subset([size - 1])
    assert str(part.get_data_info(0)) == str({**dataset.get_data_info(size - 1), "sample_idx": 0})
    again = pickle.loads(pickle.dumps(dataset))
    assert str(again.get_data_info(0)) == str(info)


def test_every_case_has_a_reference(root):
    assert dataset_trees.cases(root).keys() == REFERENCE.keys()
    covered = {cfg["type"] for cfg in dataset_trees.cases(root).values()} | WRAPPERS
    assert covered >= {name for _, registry, name, _ in NAMES if registry == "DATASETS"}


@pytest.mark.parametrize(("library", "registry", "name", "signature"), NAMES, ids=lambda x: str(x)[:30])
def test_names_and_arguments(library, registry, name, signature):
    component = REGISTRIES[registry].get(f"{library}.{name}")
    assert component is getattr(datasets, name)
    expected = re.findall(r"[(,] (\w+)(?=[:=,)])|^\((\w+)", signature)
    wanted = [a or b for a, b in expected if (a or b) not in ("kwargs", "self")]
    accepted = list(inspect.signature(component).parameters)
    assert [name for name in accepted if name in wanted] == wanted
