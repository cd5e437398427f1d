"""Tests of :mod:`mmpretrain.checkpoints.pieces`."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import pytest
from torch.distributed.checkpoint.metadata import BytesStorageMetadata

from mmpretrain.checkpoints import serialization, sharded
from mmpretrain.checkpoints.store import CheckpointStore
from mmpretrain.errors import CheckpointError, MissingFileError
from tests.checkpoints.test_serialization import Calls


def copy_of(straight: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(straight / "iter_12.pth", tmp_path / "iter_12.pth"))


@pytest.mark.parametrize("kind", ["piece", "cut", "gone", "table", "index"])
def test_damage_is_noticed(tmp_path, straight, kind, caplog):
    folder = copy_of(straight, tmp_path)
    piece = next(folder.glob("parts-*/__1_0.distcp"))
    if kind == "piece":
        data = bytearray(piece.read_bytes())
        data[data.index(b"data/0") + 100] ^= 1
        piece.write_bytes(data)
    elif kind == "cut":
        piece.write_bytes(piece.read_bytes()[:-1000])
    elif kind == "gone":
        piece.unlink()
    elif kind == "table":
        (piece.parent / ".metadata").write_bytes(b"")
    else:
        (folder / "index.pth").unlink()
    with pytest.raises((CheckpointError, MissingFileError)):
        sharded.verify(folder)
    assert CheckpointStore(tmp_path).latest() is None


def test_the_table_of_pieces_runs_no_code(tmp_path, straight):
    """Neither its own pickle does, nor one that it declares to be a piece."""
    mark = tmp_path / "mark"
    evil = Calls(os.system, f"touch {mark}")
    folder = copy_of(straight, tmp_path)
    table = next(folder.glob("parts-*/.metadata"))
    original = table.read_bytes()
    content = pickle.loads(original)

    table.write_bytes(pickle.dumps(evil))
    with pytest.raises(CheckpointError):
        sharded.load(folder)

    content.planner_data = evil
    table.write_bytes(pickle.dumps(content))
    sharded.load(folder)

    key = "state_dict/body.0.weight"
    content.planner_data, content.state_dict_metadata[key] = None, BytesStorageMetadata()
    for index, place in content.storage_data.items():
        if index.fqn == key:
            (table.parent / place.relative_path).write_bytes(pickle.dumps(evil))
            place.offset, place.length = 0, 10_000
    table.write_bytes(pickle.dumps(content))
    with pytest.raises(CheckpointError):
        sharded.load(folder)

    content = pickle.loads(original)
    next(iter(content.storage_data.values())).relative_path = "../../elsewhere"
    table.write_bytes(pickle.dumps(content))
    with pytest.raises(CheckpointError, match="outside of its folder"):
        sharded.load(folder)
    assert not mark.exists()


def test_an_index_names_no_folder_elsewhere(tmp_path):
    serialization.save({"parts": "../other", "content": {}}, tmp_path / "index.pth")
    with pytest.raises(CheckpointError, match="not the index"):
        sharded.load(tmp_path)
