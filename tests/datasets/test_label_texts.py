"""Tests of :mod:`mmpretrain.datasets.label_texts`."""

from __future__ import annotations

import pytest

from mmpretrain.datasets import label_texts


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1", "2.5"], True), (["1", "2"], False), (["1.5", "cat"], False), (["1.5", "nan"], True),
        (["1e400", "0.5"], False), (["1.5", "", "?"], False), (["nan", "cat"], False),
    ],
)  # fmt: skip
def test_numbers_that_measure(texts: list[str], expected: bool) -> None:
    assert label_texts.are_measured(texts) is expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a;b", "a"], True), (["a|b"], True), (["dark, big", "dark", "big"], True),
        (["Smith, John", "Doe, Jane"], False), (["dark big", "dark"], False),
    ],
)  # fmt: skip
def test_several_labels_in_a_cell(texts: list[str], expected: bool) -> None:
    assert label_texts.are_several(texts) is expected


def test_numbers_with_zeros_in_front_are_names() -> None:
    assert label_texts.single(["010", "007", "010"], str) == (("007", "010"), [(1,), (0,), (1,)])
    assert label_texts.single(["10", "7", "10"], str) == (("7", "10"), [(1,), (0,), (1,)])


@pytest.mark.parametrize("mark", [";", "|", ", "])
def test_labels_of_a_sample(mark: str) -> None:
    texts = [f"dark{mark}big", "big", ""]
    assert label_texts.several(texts) == (("big", "dark"), [(0, 1), (0,), ()])
