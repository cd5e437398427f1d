"""Images inside of tables, shards, databases and hub data sets; the same images through each."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tarfile
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from torch.utils.data import DataLoader

from mmpretrain.datasets import dataset_from_spec, pseudo_collate
from mmpretrain.datasets import samplers as samplers_package
from mmpretrain.datasets.labels import to_indices
from mmpretrain.datasets.samplers import base
from mmpretrain.datasets.shards import ShardSampler, expand, write_index
from mmpretrain.errors import ConfigError, DataError, MissingFileError
from mmpretrain.registry import DATASETS
from tests.server import serve

PIPELINE = [dict(type="LoadImageFromFile")]
CLASSES = ("cat", "dog")
COUNT = 10


def encoded(index: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((4, 5, 3), index * 20, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def class_of(index: int) -> str:
    return CLASSES[index % 2]


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "folder"
    for name in CLASSES:
        (root / name).mkdir(parents=True)
    for i in range(COUNT):
        (root / class_of(i) / f"{i}.png").write_bytes(encoded(i))
    return root


def seen(dataset) -> set[tuple[int, int]]:
    """Pixel value and label of every sample."""
    samples = [dataset[i] for i in range(len(dataset))]
    return {(int(s["img"][0, 0, 0]), s["gt_label"]) for s in samples}


EXPECTED = {(i * 20, i % 2) for i in range(COUNT)}


def check(cfg):
    dataset = DATASETS.build({**cfg, "pipeline": PIPELINE})
    assert len(dataset) == COUNT
    assert dataset.CLASSES == CLASSES
    assert seen(dataset) == EXPECTED
    assert dataset.get_subset([3])[0]["img"].shape == (4, 5, 3)
    loader = DataLoader(dataset, batch_size=5, num_workers=1, collate_fn=pseudo_collate)
    assert {int(img[0, 0, 0]) for batch in loader for img in batch["img"]} == {i * 20 for i in range(COUNT)}
    return dataset


def test_folder(folder):
    check(dataset_from_spec(str(folder)))


# -- tables --------------------------------------------------------------------------------------------


def write_table(path, delimiter=",", label=class_of, bom=""):
    with open(path, "w", newline="", encoding="utf-8") as file:
        file.write(bom)
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["id", "path", "label", "split"])
        for i in range(COUNT):
            writer.writerow([i, f"folder/{class_of(i)}/{i}.png", label(i), "a" if i < 3 else "b"])


@pytest.mark.parametrize(("name", "delimiter"), [("x.csv", ","), ("x.tsv", "\t")])
def test_table_with_names(folder, name, delimiter):
    table = folder.parent / name
    write_table(table, delimiter, bom="\ufeff")
    check(dataset_from_spec(str(table)))


def test_table_with_indices_rows_and_further_columns(folder):
    table = folder.parent / "x.csv"
    write_table(table, label=lambda i: i % 2)
    cfg = dict(type="TableDataset", ann_file="x.csv", data_root=str(folder.parent), classes=CLASSES)
    check(cfg)
    dataset = DATASETS.build({**cfg, "where": {"split": "a"}, "keep": ["id"]})
    assert [(r["id"], r["gt_label"]) for r in dataset.data_infos] == [("0", 0), ("1", 1), ("2", 0)]
    unlabelled = DATASETS.build(dict(type="TableDataset", ann_file=str(table), label=None))
    assert unlabelled.get_data_info(0) == {"img_path": "folder/cat/0.png", "sample_idx": 0}


def test_parquet(folder):
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    columns = {"path": [f"folder/{class_of(i)}/{i}.png" for i in range(COUNT)]}
    columns["label"] = [class_of(i) for i in range(COUNT)]
    parquet.write_table(arrow.table(columns), folder.parent / "x.parquet")
    check(dataset_from_spec(str(folder.parent / "x.parquet")))


@pytest.mark.parametrize(
    ("text", "kwargs", "message"),
    [
        ("path,lable\na.jpg,0\n", {}, r"no column 'label'. Did you mean 'lable'\?"),
        ("path,label\na.jpg,cat\nb.jpg,\n", {}, r"x\.csv:3: A sample has no label"),
        ("path,label\na.jpg,cat\n,cat\n", {}, r"x\.csv:3: A sample has no path"),
        ("path,label\na.jpg,cat\nb.jpg,cow\n", {"classes": ["cat"]}, r"x\.csv:3: 'cow' is not one of the 1"),
        ("path,label\na.jpg\n", {}, r"x\.csv:2: The row is too short"),
        ("path,label\na.jpg,cat\nb.jpg,1\n", {}, r"x\.csv:2: 'cat' is the name of a class, but '1' \(.*:3\)"),
        ("", {}, r"x\.csv: The table is empty"),
    ],
)
def test_broken_tables(tmp_path, text, kwargs, message):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        DATASETS.build(dict(type="TableDataset", ann_file=str(tmp_path / "x.csv"), **kwargs))


# -- shards --------------------------------------------------------------------------------------------


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


# -- databases -----------------------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path):
    lmdb = pytest.importorskip("lmdb")
    path = tmp_path / "x.lmdb"
    with lmdb.open(str(path), map_size=1 << 20) as env, env.begin(write=True) as transaction:
        for i in range(COUNT):
            transaction.put(f"{class_of(i)}/{i}.png".encode(), encoded(i))
        transaction.put(b"__len__", b"10")
    return path


def test_lmdb(database):
    check(dataset_from_spec(str(database)))


def test_lmdb_with_list(database, tmp_path):
    lines = [f"{class_of(i)}/{i}.png {i % 2}" for i in range(COUNT)]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    cfg = dict(type="LMDBDataset", db_path="x.lmdb", data_root=str(tmp_path), ann_file="list.txt")
    check({**cfg, "classes": CLASSES})
    (tmp_path / "list.txt").write_text("nothing.png 0")
    with pytest.raises(DataError, match=r"no key 'nothing\.png'"):
        DATASETS.build({**cfg, "pipeline": PIPELINE})[0]


def test_lmdb_with_other_classes(database):
    with pytest.raises(DataError, match="no class"):
        DATASETS.build(dict(type="LMDBDataset", db_path=str(database), classes=["cat"]))


# -- hub -----------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_what_libraries_give_for_a_missing_label(missing):
    with pytest.raises(DataError, match="row 1: A sample has no label"):
        to_indices([0, missing], None, "row {}".format)


def test_validation_may_lack_a_class(folder):
    val = folder.parent / "val"
    (val / "dog").mkdir(parents=True)
    (val / "dog" / "1.png").write_bytes(encoded(1))
    dataset = DATASETS.build(dict(type="CustomDataset", data_prefix=str(val), classes=["cat", "dog"]))
    assert dataset.get_gt_labels().tolist() == [1]


def test_every_sampler_of_the_package_is_listed():
    assert {"BalancedSampler", "DefaultSampler", "EpochSampler"} <= {*samplers_package.__all__}


@pytest.mark.parametrize(
    "text", ['[["a.png", -5, 3, 0]]', '[["a.png"]]', "[3]", '{"a": 1}', "[" * 50_000, '[["a", 1.5, 2, 0]]']
)
def test_an_index_that_is_none_is_a_sentence(shards, tmp_path, text):
    (tmp_path / "train-000.tar.index.json").write_text(text)
    with pytest.raises(DataError, match=r"index\.json"):
        len(DATASETS.build(dict(type="ShardDataset", shards=f"{tmp_path}/train-000.tar")))
