"""Fingerprints are kept, so that images that have not changed are not read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmpretrain.datasets import fingerprints
from mmpretrain.datasets.fingerprints import Fingerprints, fingerprints_of
from mmpretrain.datasets.labelled import Labelled, read_labelled
from mmpretrain.finetuning.prints import PrintStore, save_prints
from tests.finetuning.small import write_folder


@pytest.fixture
def part(tmp_path: Path) -> Labelled:
    root = write_folder(tmp_path / "data", {"a": 3, "猫": 2})
    (root / "a" / "broken.png").write_bytes(b"no image")
    return read_labelled(str(root)).train


def test_what_has_not_changed_is_not_read(
    part: Labelled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prints = fingerprints_of(part.build())
    save_prints(tmp_path / "prints.npz", part.names, prints)
    store = PrintStore.load(tmp_path / "prints.npz")
    assert len(store.rows) == 5
    Path(part.names[4]).write_bytes(Path(part.names[1]).read_bytes())
    read: list[str] = []
    real = fingerprints.read_bytes
    monkeypatch.setattr(fingerprints, "read_bytes", lambda path, **_: read.append(path) or real(path))
    again = fingerprints_of(part.build(), known=store.find)
    broken = next(name for name in part.names if name.endswith("broken.png"))
    assert sorted(read) == sorted([part.names[4], broken])
    assert list(again.errors) == list(prints.errors)
    assert again.contents[4].tolist() == prints.contents[1].tolist()
    for column in ("contents", "thumbs", "tints", "shapes"):
        np.testing.assert_array_equal(getattr(again, column)[:4], getattr(prints, column)[:4])


def test_what_cannot_be_used_is_no_store(part: Labelled, tmp_path: Path) -> None:
    path = tmp_path / "prints.npz"
    assert PrintStore.load(path).find(part.names[0]) is None
    for content in (b"", b"PK no archive", b"\x93NUMPY"):
        path.write_bytes(content)
        assert not PrintStore.load(path).rows
    save_prints(path, part.names, fingerprints_of(part.build()))
    good = dict(np.load(path))
    for name, value in (
        ("thumbs", np.zeros((5, 2, 2), np.uint8)),
        ("contents", np.array([object()] * 5)),
        ("stamps", np.zeros((4, 2), np.int64)),
        ("names", np.frombuffer(b"a\0b", np.uint8)),
    ):
        np.savez(path, **{**good, name: value})
        assert not PrintStore.load(path).rows
    np.savez_compressed(path, **good)
    assert not PrintStore.load(path).rows


def test_nothing_is_written_for_what_are_no_files(tmp_path: Path) -> None:
    empty = Fingerprints(
        np.zeros((1, 2), np.uint64), np.zeros((1, 16, 16), np.uint8), np.zeros((1, 2), np.float32),
        np.zeros((1, 2), np.int32),
    )  # fmt: skip
    save_prints(tmp_path / "prints.npz", ["sample 0"], empty)
    assert not (tmp_path / "prints.npz").exists()
