"""Tests of :mod:`mmpretrain.datasets.huggingface`."""

from __future__ import annotations

import pytest

from mmpretrain.datasets import dataset_from_spec
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import DATASETS
from tests.datasets.container_cases import CLASSES, COUNT, check, class_of, encoded


@pytest.fixture
def hub(tmp_path):
    library = pytest.importorskip("datasets")
    features = library.Features(
        picture=library.Image(), label=library.ClassLabel(names=list(CLASSES)), name=library.Value("string")
    )
    rows = {
        "picture": [{"bytes": encoded(i), "path": None} for i in range(COUNT)],
        "label": [i % 2 for i in range(COUNT)],
        "name": [class_of(i) for i in range(COUNT)],
    }
    table = library.Dataset.from_dict(rows, features=features)
    library.DatasetDict(train=table, validation=table).save_to_disk(tmp_path / "hub")
    return tmp_path / "hub"


def test_hugging_face(hub):
    check(dataset_from_spec(f"hf://{hub}"))
    cfg = dataset_from_spec(f"hf://{hub}?image=picture&label=name", "val")
    assert cfg["split"] == "validation"
    check(cfg)
    with pytest.raises(DataError, match=r"no column 'lable'\. Did you mean 'label'"):
        DATASETS.build(dict(type="HuggingFaceDataset", path=str(hub), label="lable"))
    with pytest.raises(ConfigError, match=r"\['picture'\]"):
        DATASETS.build(dict(type="HuggingFaceDataset", path=str(hub), image="name"))
