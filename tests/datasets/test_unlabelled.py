"""Images whose labels do not matter."""

from __future__ import annotations

import pytest

from mmpretrain.datasets import exchange
from mmpretrain.datasets.unlabelled import images_from_spec, labelled_images_from_spec
from mmpretrain.errors import DataError
from mmpretrain.registry import DATASETS
from tests.models.selfsup.small import write_images


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path / "images")


def paths(cfg):
    dataset = DATASETS.build(cfg)
    return sorted(dataset.get_data_info(i)["img_path"].rsplit("/", 1)[1] for i in range(len(dataset)))


def test_a_folder_with_and_without_classes(images):
    (images / "cat").mkdir()
    (images / "7.png").rename(images / "cat" / "7.png")
    assert paths(images_from_spec(str(images))) == [f"{i}.png" for i in range(8)]


def test_the_part_for_training(images):
    for name, which in (("train", "01234"), ("val", "567")):
        for folder in ("a", "b"):
            (images / name / folder).mkdir(parents=True)
        for number in which:
            (images / f"{number}.png").rename(images / name / "a" / f"{number}.png")
    assert paths(images_from_spec(str(images))) == [f"{i}.png" for i in range(5)]


def test_a_list_with_some_labels(images):
    (images / "list.txt").write_text("0.png 3\n1.png\n\n2.png\n")
    dataset = DATASETS.build(images_from_spec(str(images / "list.txt")))
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [info.get("gt_label") for info in infos] == [3, None, None]
    assert infos[1]["img_path"] == str(images / "1.png")
    (images / "kinds.txt").write_text("a b.gif 1\nc.webp 2\nscan 7\n")
    infos = DATASETS.build(images_from_spec(str(images / "kinds.txt"))).data_infos
    assert [info.get("gt_label") for info in infos] == [1, 2, None]
    (images / "none.txt").write_text("\n")
    with pytest.raises(DataError, match="no images"):
        len(DATASETS.build(images_from_spec(str(images / "none.txt"))))


def test_a_table(images):
    (images / "list.csv").write_text("path,label\n0.png,cat\n1.png,\n")
    assert paths(images_from_spec(str(images / "list.csv"))) == ["0.png", "1.png"]


def test_data_for_a_config_without_labels(images):
    cfg = {
        "model": {"type": "SimCLR"},
        "train_dataloader": {"dataset": {"type": "ImageNet", "pipeline": [{"type": "PackInputs"}]}},
    }
    exchange.use_data(cfg, str(images))
    assert cfg["train_dataloader"]["dataset"] == {
        "type": "CustomDataset",
        "data_prefix": str(images),
        "with_label": False,
        "pipeline": [{"type": "PackInputs"}],
    }


@pytest.mark.parametrize("header", ["image,class,split", "file,category,subset"])
def test_labels_of_tables_with_other_columns(tmp_path, header):
    write_images(tmp_path, 6)
    parts = ["train"] * 4 + ["val"] * 2
    rows = [f"{index}.png,{'ab'[index % 2]},{part}" for index, part in enumerate(parts)]
    (tmp_path / "table.csv").write_text("\n".join([header, *rows]))
    sets = [
        DATASETS.build(labelled_images_from_spec(str(tmp_path / "table.csv"), part))
        for part in ("train", "val")
    ]
    assert [data.get_gt_labels().tolist() for data in sets] == [[0, 1, 0, 1], [0, 1]]
    assert list(sets[0].CLASSES) == ["a", "b"]
