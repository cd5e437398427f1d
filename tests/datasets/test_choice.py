"""Tests of :mod:`mmpretrain.datasets.choice`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import DataError
from tests.datasets.base_cases import build


def test_numbers_of_samples_in_a_file(root, tmp_path):
    listing = tmp_path / "chosen.txt"
    listing.write_text("4\n\n0\n")
    assert len(build(root, indices=str(listing))) == 2
    for wrong in ("x", "-1", "99", "9" * 5000):
        listing.write_text(f"1\n{wrong}\n")
        with pytest.raises(DataError, match=r"chosen.txt:2: .* no number from 0 to"):
            build(root, indices=str(listing))


@pytest.mark.parametrize("serialize", [True, False])
@pytest.mark.parametrize(
    ("indices", "expected"), [(2, [0, 1]), (-2, [4, 5]), ([4, 0, -1], [4, 0, 5]), ([], []), (0, [])]
)
def test_subsets(root, serialize, indices, expected):
    whole = build(root, serialize_data=serialize)
    part = whole.get_subset(indices)
    names = [part.get_data_info(i)["img_path"] for i in range(len(part))]
    assert names == [f"{root}/images/{i}.jpg" for i in expected]
    assert len(whole) == 6
    assert len(build(root, serialize_data=serialize, indices=indices)) == len(expected)
    with pytest.raises(IndexError):
        whole.get_subset([6])
    for wrong in ("all", [1.5]):
        with pytest.raises(TypeError):
            whole.get_subset(wrong)
