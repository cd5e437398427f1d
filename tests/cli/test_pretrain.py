"""``mmpretrain pretrain``, ``knn`` and ``linear-probe``, from images to numbers."""

from __future__ import annotations

import json

import pytest

from mmpretrain.config import Config
from tests.cli.commands import call
from tests.models.selfsup.small import write_images


@pytest.fixture
def images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        write_images(tmp_path / "images" / name)
    (tmp_path / "images" / "a" / "0.png").rename(tmp_path / "images" / "unlabelled.png")
    return tmp_path / "images"


SMALL = ("--arch", "vit-micro", "--image-size", 32, "--epochs", 1, "--workers", 0)


def test_images_in_backbone_out_and_judged(capsys, images):
    done = call(capsys, "pretrain", "mae", "--data", "images", *SMALL)
    assert done.code == 0, done.err
    assert "work_dirs/mae_vit-micro/backbone.pth" in done.out
    config = Config.fromfile("work_dirs/mae_vit-micro/pretrain_mae.py")
    assert config.train_dataloader.batch_size == 16  # all images, the one without a label too
    assert config.train_dataloader.dataset.with_label is False

    judge = ("--data", "images", "--workers", 0)
    done = call(capsys, "knn", "work_dirs/mae_vit-micro", *judge, "--k", 3, "--out", "knn.json")
    assert done.code == 0, done.err
    result = json.loads((images.parent / "knn.json").read_text())
    assert (result["training"], result["validation"], result["classes"]) == (12, 3, 2)
    assert list(result["results"][0]) == ["stage", "channels", "k3/top1"]
    backbone = ("work_dirs/mae_vit-micro/backbone.pth", *judge)
    done = call(capsys, "linear-probe", *backbone, "--stage", "0,-1", "--solver", "logistic")
    assert done.code == 0, done.err
    assert [line.split()[0] for line in done.out.splitlines()[-3:]] == ["stage", "0", "5"]


def test_train_does_the_same(capsys, images):
    assert call(capsys, "pretrain", "mae", "--data", "images", *SMALL).code == 0
    config = "work_dirs/mae_vit-micro/pretrain_mae.py"
    done = call(capsys, "train", config, "--work-dir", "again")
    assert done.code == 0, done.err
    assert "mmpretrain knn again/epoch_1.pth" in done.out
    import torch

    first, second = (
        torch.load(path, weights_only=True)["state_dict"]
        for path in ("work_dirs/mae_vit-micro/backbone.pth", "again/backbone.pth")
    )
    assert all(torch.equal(first[key], second[key]) for key in first)
    # Other images, without labels.
    done = call(capsys, "train", config, "--data", "images/b", "--work-dir", "other", "--batch-size", 4)
    assert done.code == 0, done.err


def test_random_weights_to_compare_with(capsys, images):
    assert call(capsys, "pretrain", "mae", "--data", "images", *SMALL).code == 0
    config = "work_dirs/mae_vit-micro/pretrain_mae.py"
    done = call(capsys, "knn", config, "--random", "--data", "images", "--k", 1, "--workers", 0)
    assert done.code == 0, done.err
    done = call(capsys, "knn", config, "--data", "images")
    assert done.code == 2
    assert "has no weights" in done.err


def test_a_list_of_methods(capsys):
    done = call(capsys, "pretrain")
    assert done.code == 0
    assert "simclr" in done.out
    assert "resnet18" in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mae",), "--data"),
        (("mea", "--data", "images"), "no method 'mea'"),
        (("mae", "--data", "nowhere"), "no data at 'nowhere'"),
        (("mae", "--data", "images", "--batch-size", 99), "16 images, too few for a batch of 99"),
        (("mae", "--data", "empty"), "No image was found"),
        (("mae", "--data", "one"), "1 image, too few for a batch of 2"),
        (("continued", "--data", "images"), "continues from a checkpoint"),
        (("continued", "--data", "images", "--from", "no.pth"), "no.pth"),
    ],
)
def test_one_sentence(capsys, images, words, message):
    (images.parent / "empty").mkdir()
    write_images(images.parent / "one", 1)
    done = call(capsys, "pretrain", *words)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--stage", "first"), "names no stage"),
        (("--stage", "9"), "no stages"),
        (("--data", "images/b"), "no folders of classes"),
        (("--temperature", "0"), "temperature"),
        (("--data", "single"), "--data: 'single' has labels of 1 class for training"),
    ],
)
def test_knn_in_one_sentence(capsys, images, words, message):
    write_images(images.parent / "single" / "a", 8)
    assert call(capsys, "pretrain", "mae", "--data", "images", *SMALL).code == 0
    done = call(capsys, "knn", "work_dirs/mae_vit-micro", "--data", "images", "--workers", 0, *words)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
