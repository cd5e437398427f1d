"""Tests of :mod:`mmpretrain.datasets.shards`."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from itertools import pairwise

import pytest

from mmpretrain.datasets import dataset_from_spec
from mmpretrain.datasets.samplers import base
from mmpretrain.datasets.shards import ShardSampler, expand, write_index
from mmpretrain.errors import ConfigError, DataError, MissingFileError
from mmpretrain.registry import DATASETS
from tests.datasets.container_cases import COUNT, EXPECTED, PIPELINE, check, class_of, encoded, seen
from tests.server import serve


@pytest.fixture
def shards(tmp_path):
    for number in range(4):
        with tarfile.open(tmp_path / f"train-{number:03d}.tar", "w") as tar:
            for i in range(number, COUNT, 4):
                label = {"label": class_of(i)}
                extra = [("json", json.dumps(label).encode())] if i % 3 else [("cls", class_of(i).encode())]
                for extension, data in [*extra, ("png", encoded(i)), ("txt", b"a caption")]:
                    info = tarfile.TarInfo(f"sub.dir/{i:04d}.{extension}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
    return f"{tmp_path}/train-{{000..003}}.tar"


def test_expand():
    assert expand("a-{08..11}.tar") == ["a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar"]
    assert expand("{a,b}{1..2}") == ["a1", "a2", "b1", "b2"]
    assert expand("x.tar::y-{0..1}.tar") == ["x.tar", "y-0.tar", "y-1.tar"]
    for pattern in ("{0..1x}.tar", "{2..1}.tar", "{..}.tar"):
        with pytest.raises(ConfigError, match="is no range"):
            expand(pattern)


def test_shards(shards):
    dataset = check(dataset_from_spec(shards))
    assert dataset.get_data_info(0)["img_path"].endswith("train-000.tar/sub.dir/0000.png")


def test_shards_with_an_index_are_not_scanned(shards, monkeypatch):
    from mmpretrain.datasets import shards as module

    write_index(shards)
    monkeypatch.setattr(module, "scan", lambda *_: pytest.fail("scanned"))
    check(dataset_from_spec(shards))


def test_shards_far_away(shards, tmp_path):
    write_index(shards)
    with serve() as site:
        for path in tmp_path.glob("train-*"):
            site.files[f"/{path.name}"] = path.read_bytes()
        dataset = DATASETS.build(
            dict(type="ShardDataset", shards=f"{site.url}/train-{{000..003}}.tar", pipeline=PIPELINE)
        )
        assert seen(dataset) == EXPECTED
        fetched = [
            asked for method, path, asked in site.requests if path.endswith(".tar") and method == "GET"
        ]
        assert len(fetched) == COUNT
        assert all(fetched), "only the byte ranges of the images"
        for path in tmp_path.glob("*.index.json"):
            del site.files[f"/{path.name}"]
        again = DATASETS.build(dict(type="ShardDataset", shards=f"{site.url}/train-{{000..003}}.tar"))
        assert again.data_infos == dataset.data_infos, "without an index, the headers are read"


def test_shards_behind_a_password(shards, tmp_path):
    with serve() as site:
        site.password = "Bearer x"
        for path in tmp_path.glob("train-*"):
            site.files[f"/{path.name}"] = path.read_bytes()
        place = dict(type="ShardDataset", shards=f"{site.url}/train-{{000..003}}.tar", pipeline=PIPELINE)
        with pytest.raises(DataError, match="403"):
            DATASETS.build(place)
        headers = dict(Authorization="Bearer x")
        dataset = DATASETS.build(dict(place, backend_args=dict(backend="http", headers=headers)))
        assert seen(dataset) == EXPECTED


def test_missing_and_broken_shards(tmp_path):
    with pytest.raises(MissingFileError, match=r"no shard .*a-1\.tar"):
        DATASETS.build(dict(type="ShardDataset", shards="a-{1..2}.tar", data_root=str(tmp_path)))
    (tmp_path / "a.tar").write_bytes(b"no archive" * 100)
    with pytest.raises(DataError, match=r"a\.tar: This is not an intact.* file \(invalid header\)"):
        DATASETS.build(dict(type="ShardDataset", shards=str(tmp_path / "a.tar")))


def test_compressed_and_cut_shards(shards, tmp_path):
    whole = (tmp_path / "train-000.tar").read_bytes()
    (tmp_path / "packed.tar").write_bytes(gzip.compress(whole))
    (tmp_path / "cut.tar").write_bytes(whole[: whole.rstrip(b"\0").__len__() // 512 * 512 + 512])
    for name in ("packed", "cut"):
        with pytest.raises(DataError, match=rf"{name}\.tar: This is not an intact, uncompressed tar file"):
            DATASETS.build(dict(type="ShardDataset", shards=f"{tmp_path}/{name}.tar"))


@pytest.mark.parametrize(("name", "content"), [("0.cls", b"\xff\xfe"), ("0.json", b"[1"), ("0.json", b"[1]")])
def test_labels_of_shards_that_are_not_understood(tmp_path, name, content):
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        for member, data in (("0.png", encoded(0)), (name, content)):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    with pytest.raises(DataError, match=rf"x\.tar/{name}: This label is not understood"):
        DATASETS.build(dict(type="ShardDataset", shards=f"{tmp_path}/x.tar"))


@pytest.mark.parametrize("world_size", [1, 3])
@pytest.mark.parametrize("round_up", [True, False])
def test_shard_sampler(shards, world_size, round_up, monkeypatch):
    dataset = DATASETS.build(dict(type="ShardDataset", shards=shards))
    orders = []
    for rank in range(world_size):
        monkeypatch.setattr(base, "get_dist_info", lambda rank=rank: (rank, world_size))
        sampler = ShardSampler(dataset, seed=1, open_shards=1, round_up=round_up)
        orders.append(list(sampler))
        assert len(sampler) == len(orders[-1])
        sampler.skip(2)
        assert list(sampler) == orders[-1][2:]
    dealt = sorted(i for order in orders for i in order)
    assert set(dealt) == set(range(COUNT))
    assert round_up or len(dealt) == COUNT
    if world_size == 1:
        visited = [dataset.get_data_info(i)["shard"] for i in orders[0]]
        changes = sum(a != b for a, b in pairwise(visited))
        assert changes == 3, "one shard after the other"
        sampler.set_epoch(1)
        assert list(sampler) != orders[0]


@pytest.mark.parametrize(
    "text", ['[["a.png", -5, 3, 0]]', '[["a.png"]]', "[3]", '{"a": 1}', "[" * 50_000, '[["a", 1.5, 2, 0]]']
)
def test_an_index_that_is_none_is_a_sentence(shards, tmp_path, text):
    (tmp_path / "train-000.tar.index.json").write_text(text)
    with pytest.raises(DataError, match=r"index\.json"):
        len(DATASETS.build(dict(type="ShardDataset", shards=f"{tmp_path}/train-000.tar")))
