"""The shape bias, from tables."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.analysis.shape_bias import find_tables, people, read_tables
from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.evaluation.metrics.shape_bias import CATEGORIES, ShapeBiasMetric

#: Image and decision: two for the shape, one for the texture, one for neither, one on a plain image.
DECISIONS = [
    ("cat1-dog2.png", "cat"),
    ("cat2-car1.png", "cat"),
    ("cat3-car2.png", "car"),
    ("dog1-boat1.png", "clock"),
    ("boat1-boat2.png", "boat"),
]


def write(folder, name, rows):
    path = folder / f"cue_conflict_{name}_session-1.csv"
    path.write_text("imagename,object_response\n" + "".join(f"{image},{answer}\n" for image, answer in rows))
    return path


def test_shares(tmp_path):
    found = read_tables([write(tmp_path, "a", DECISIONS)], "a")
    assert found.bias() == pytest.approx(2 / 3)
    assert found.bias("cat") == pytest.approx(2 / 3)
    assert found.bias("dog") is None
    assert found.count == 4


def test_the_table_of_the_metric(tmp_path):
    metric = ShapeBiasMetric(csv_dir=str(tmp_path), model_name="net")
    scores = torch.zeros(2, 1000)
    scores[0, 281] = scores[1, 404] = 1  # a cat, an aeroplane
    metric.process(
        None,
        [
            {"pred_score": scores[0], "img_path": "data/cat/cat1-dog1.png"},
            {"pred_score": scores[1], "img_path": "data/dog/dog1-airplane2.png"},
        ],
    )
    metric.evaluate(2)
    found = read_tables(find_tables(tmp_path, "net"), "net")
    assert (found.bias("cat"), found.bias("dog"), found.bias()) == (1, 0, 0.5)
    assert set(found.shape) == set(CATEGORIES)


def test_people(tmp_path):
    assert people(tmp_path) is None
    for number in (1, 2):
        rows = [("cat1-dog2.png", "cat" if number == 1 else "dog")]
        path = write(tmp_path, "x", rows)
        path.rename(tmp_path / f"cue-conflict_subject-0{number}_session_1.csv")
    assert people(tmp_path).bias() == 0.5


def test_other_files(tmp_path):
    write(tmp_path, "resnet", DECISIONS)
    with pytest.raises(MissingFileError, match="Did you mean 'resnet'"):
        find_tables(tmp_path, "resnt")
    with pytest.raises(MissingFileError, match="ShapeBiasMetric first"):
        find_tables(tmp_path / "none", "a")
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(DataError, match="no columns"):
        read_tables([tmp_path / "a.csv"], "a")
    with pytest.raises(DataError, match=r"_session-1\.csv:2: 'cat.png'"):
        read_tables([write(tmp_path, "b", [("cat.png", "cat")])], "b")
