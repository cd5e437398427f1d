"""The list of an audit is taken by each kind of data set: what it names is left out, and nothing else."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from mmpretrain.audit import audit, files
from mmpretrain.audit.samples import Samples
from mmpretrain.cli.audit import root_of
from mmpretrain.datasets.from_spec import dataset_from_spec
from mmpretrain.datasets.labelled import read_labelled
from mmpretrain.registry import DATASETS
from tests.audit.cases import drawing

KINDS = ("cross", "disc")


def pictures() -> list[tuple[str, str, bytes]]:
    """Folder, name and content of twelve images; the last of each class is a copy of its first."""
    found = []
    for kind in KINDS:
        for number in range(6):
            data = cv2.imencode(".png", drawing(kind, number % 5))[1].tobytes()
            found.append((kind, f"{kind}{number}.png", data))
    return found


def folder(root: Path) -> str:
    for kind, name, data in pictures():
        (root / kind).mkdir(parents=True, exist_ok=True)
        (root / kind / name).write_bytes(data)
    return str(root)


def listed(root: Path) -> str:
    folder(root / "photos")
    lines = [f"photos/{kind}/{name} {KINDS.index(kind)}" for kind, name, _ in pictures()]
    (root / "list.txt").write_text("\n".join(lines))
    return str(root / "list.txt")


def table(root: Path) -> str:
    folder(root / "photos")
    rows = [f"photos/{kind}/{name},{kind}" for kind, name, _ in pictures()]
    (root / "labels.csv").write_text("\n".join(["path,label", *rows]))
    return str(root / "labels.csv")


def annotation(root: Path) -> str:
    folder(root)
    items = [{"img_path": f"{kind}/{name}", "gt_label": KINDS.index(kind)} for kind, name, _ in pictures()]
    (root / "x.json").write_text(json.dumps({"metainfo": {"classes": KINDS}, "data_list": items}))
    return str(root / "x.json")


def zipped(root: Path) -> str:
    folder(root / "photos")
    return shutil.make_archive(str(root / "photos"), "zip", root / "photos")


def shards(root: Path) -> str:
    with tarfile.open(root / "train-000.tar", "w") as tar:
        for number, (kind, _, data) in enumerate(pictures()):
            for suffix, content in (("png", data), ("cls", str(KINDS.index(kind)).encode())):
                info = tarfile.TarInfo(f"{number:04d}.{suffix}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return str(root / "train-{000..000}.tar")


def packed(root: Path) -> str:
    from mmpretrain.cli.main import app

    folder(root / "photos" / "train")
    for kind in KINDS:
        (root / "photos" / "val" / kind).mkdir(parents=True)
        cv2.imwrite(str(root / "photos" / "val" / kind / "other.png"), drawing(kind, 50))
    words = ["pack", str(root / "photos"), str(root / "packed")]
    app(args=words, prog_name="mmpretrain", standalone_mode=False)
    return str(root / "packed")


def hugging_face(root: Path) -> str:
    library = pytest.importorskip("datasets")
    columns = {"image": [{"bytes": data, "path": None} for _, _, data in pictures()]}
    labels = [KINDS.index(kind) for kind, _, _ in pictures()]
    features = library.Features(image=library.Image(), label=library.ClassLabel(names=list(KINDS)))
    library.Dataset.from_dict({**columns, "label": labels}, features=features).save_to_disk(root / "hub")
    return f"hf://{root / 'hub'}"


SOURCES: list[Callable[[Path], str]] = [
    folder, listed, table, annotation, zipped, shards, packed, hugging_face,
]  # fmt: skip


def labels_of(dataset: Any) -> list[int]:
    return [int(dataset.get_data_info(index)["gt_label"]) for index in range(len(dataset))]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
def test_duplicates_are_left_out(source, tmp_path, caplog):
    (tmp_path / "data").mkdir()
    spec = source(tmp_path / "data")
    found = audit(Samples.of(read_labelled(spec)))
    assert found.counts["duplicate"] == 2
    out = tmp_path / "audit" / "audit.yaml"
    out.parent.mkdir()
    assert files.write_list(found, root_of(spec), out) == 2
    config = dataset_from_spec(spec, "train" if source is packed else None)
    whole, rest = DATASETS.build(config), DATASETS.build({**config, "audit": str(out)})
    assert sorted(labels_of(whole)) == [0] * 6 + [1] * 6
    assert sorted(labels_of(rest)) == [0] * 5 + [1] * 5
    assert "not there" not in caplog.text


@pytest.mark.parametrize(
    "settings",
    [
        {"type": "CustomDataset"},
        {"type": "ImageNet", "split": ""},
        {"type": "ImageNet", "data_prefix": "train"},
    ],
    ids=["CustomDataset", "ImageNet", "ImageNet-prefix"],
)
def test_configs_of_folders(settings, tmp_path):
    train = settings.get("data_prefix") == "train"
    spec = folder(tmp_path / "photos" / "train" if train else tmp_path / "photos")
    root = str(tmp_path / "photos")
    files.write_list(audit(Samples.of(read_labelled(spec))), spec, tmp_path / "audit.yaml")
    extra = {"classes": list(KINDS)} if settings["type"] == "ImageNet" else {}
    dataset = DATASETS.build({**settings, **extra, "data_root": root, "audit": str(tmp_path / "audit.yaml")})
    assert len(dataset) == 10
