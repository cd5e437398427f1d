"""The same images in records of several runs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mmpretrain.errors import DataError
from mmpretrain.evaluation import Record, ValueRecord
from mmpretrain.reports.matching import matched


def record(paths: tuple[str, ...] = (), classes: tuple[str, ...] = ("a", "b"), labels: int = 0) -> Record:
    targets = (np.arange(4) + labels) % 2
    return Record(np.eye(2, dtype=np.float32)[targets], targets, paths, classes)


def test_moved_images_are_matched_by_the_ends_of_their_paths():
    first = record(("/x/a/1.png", "/x/b/1.png", "/x/a/2.png", "/x/b/2.png"))
    second = record(("d\\a\\2.png", "d\\b\\2.png", "d\\a\\1.png", "d\\b\\1.png"))
    found, left_out = matched({"first": first, "second": second})
    assert found["second"].paths == (r"d\a\1.png", r"d\b\1.png", r"d\a\2.png", r"d\b\2.png")
    assert left_out == 0


def test_ends_that_do_not_tell_images_apart():
    first = record(("x/a/1.png", "x/b/1.png", "x/a/2.png", "x/b/2.png"))
    with pytest.raises(DataError, match="no image in common"):
        matched({"first": first, "second": record(("y/c/1.png", "y/d/1.png", "z/c/2.png", "z/d/2.png"))})


def test_classes_in_another_order():
    first = record()
    turned = Record(first.scores[:, ::-1].copy(), 1 - first.targets, (), ("b", "a"))
    found, _ = matched({"first": first, "turned": turned})
    assert np.array_equal(found["turned"].scores, first.scores)
    assert np.array_equal(found["turned"].targets, first.targets)


def test_records_of_1x_have_no_class_names():
    found, _ = matched({"old": record(classes=()), "new": record()})
    assert found["new"].classes == ("a", "b")
    assert matched({"new": record(), "old": record(classes=())})[0]["old"].classes == ("a", "b")


VALUES = ValueRecord(np.zeros((4, 1), np.float32), np.zeros((4, 1), np.float32))
SEVERAL = dataclasses.replace(record(), targets=np.eye(2, dtype=np.int8)[[0, 1, 0, 1]])


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (record(), record(classes=("a", "c")), "'c' is not one of the first"),
        (record(), Record(np.eye(3, dtype=np.float32), np.arange(3)), "same classes: 2 and 3"),
        (record(), SEVERAL, "several labels"),
        (record(), VALUES, "one predicts classes"),
        (VALUES, dataclasses.replace(VALUES, names=("age",)), "same values"),
        (record(), record(labels=1), "different labels"),
    ],
)
def test_what_does_not_fit(first, second, message):
    with pytest.raises(DataError, match=message):
        matched({"first": first, "second": second})
