"""``mmpretrain pretrain``, ``knn`` and ``linear-probe``, from images to numbers."""

from __future__ import annotations

import json
import re
import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch

from mmpretrain.apis.pretraining import ARCHS, pretraining_config
from mmpretrain.apis.pretraining.archs import Arch
from mmpretrain.config import Config
from tests.cli.commands import call
from tests.models.selfsup.small import write_images
from tests.models.wrapper_cases import Net


@pytest.fixture
def images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        write_images(tmp_path / "images" / name)
    (tmp_path / "images" / "a" / "0.png").rename(tmp_path / "images" / "unlabelled.png")
    return tmp_path / "images"


@pytest.fixture
def timm(monkeypatch):
    """A timm with one network, and whether its weights were asked for."""
    asked, module = [], ModuleType("timm")

    class Maps(Net):
        def forward(self, x):
            return self.forward_features(x)

    def create_model(name, pretrained=False, checkpoint_path="", **kwargs):
        asked.append(pretrained)
        return Maps(**kwargs)

    module.create_model, module.list_models = create_model, lambda: ["net"]
    module.get_pretrained_cfg = lambda name: SimpleNamespace(mean=None, std=None, input_size=(3, 16, 16))
    monkeypatch.setitem(sys.modules, "timm", module)
    return asked


@pytest.fixture
def transformers(monkeypatch):
    """A transformers whose only model gives tokens (B, N, C)."""

    class Tokens(Net):
        @property
        def base_model(self):
            return lambda x: SimpleNamespace(last_hidden_state=self.stem(x).flatten(2).transpose(1, 2))

    module = ModuleType("transformers")
    module.AutoModelForImageClassification = SimpleNamespace(from_pretrained=lambda name, **kwargs: Tokens())
    module.ImageProcessingMixin = SimpleNamespace(get_image_processor_dict=lambda name: ({"size": 16}, {}))
    monkeypatch.setitem(sys.modules, "transformers", module)


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


@pytest.mark.parametrize(
    ("method", "arch", "settings"),
    [("simclr", "resnet18", {"stem_channels": 8, "base_channels": 8}), ("mae", "vit-micro", {}),
     ("itpn", "hivit-tiny", {"arch": {"embed_dims": 64, "depths": [1, 1, 2], "num_heads": 2}})],
)  # fmt: skip
def test_a_checkpoint_of_the_run_serves_everywhere(capsys, images, method, arch, settings):
    """`epoch_1.pth` is judged, fine-tuned and gone on from, as `backbone.pth` is."""
    known = ARCHS[arch]
    small = Arch(known.family, {**known.settings, **settings}, (settings and 64) or known.channels)
    content = pretraining_config(
        method, {"type": "CustomDataset", "data_root": "images", "with_label": False}, network=small,
        image_size=32, epochs=1, batch_size=8, workers=0,
    )  # fmt: skip
    Config(content).dump("method.py")
    assert call(capsys, "train", "method.py", "--work-dir", "run").code == 0
    data = ("--data", "images", "--workers", 0)
    for words in (
        ("knn", "run/epoch_1.pth", *data, "--k", 3),
        ("linear-probe", "run/epoch_1.pth", *data, "--solver", "logistic"),
        ("finetune", "run/epoch_1.pth", *data, "--epochs", 1, "--image-size", 32, "--out", "tuned"),
        ("pretrain", method, "--from", "run/epoch_1.pth", *data, "--epochs", 1, "--image-size", 32),
    ):
        done = call(capsys, *words)
        assert done.code == 0, done.err
    first, tuned = (
        torch.load(path, weights_only=False)["state_dict"]
        for path in ("run/epoch_1.pth", "tuned/epoch_1.pth")
    )
    shared = [key for key in tuned if re.match(r"backbone\..*weight$", key) and key in first]
    assert len(shared) > 20
    moved = [float((tuned[key] - first[key]).abs().max()) for key in shared]
    assert max(moved) < 0.2, "an epoch of one batch moves weights by little, so they were loaded"


def test_train_does_the_same(capsys, images):
    assert call(capsys, "pretrain", "mae", "--data", "images", *SMALL).code == 0
    config = "work_dirs/mae_vit-micro/pretrain_mae.py"
    done = call(capsys, "train", config, "--work-dir", "again")
    assert done.code == 0, done.err
    assert "mmpretrain knn again/epoch_1.pth" in done.out
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


def test_weights_without_a_config(capsys, images):
    """As ``finetune`` takes them: a Vision Transformer with registers, known by its shapes."""
    from mmpretrain.registry import MODELS

    arch = {"embed_dims": 64, "num_layers": 1, "num_heads": 1, "feedforward_channels": 64}
    vit = {"type": "VisionTransformer", "arch": arch, "img_size": 28, "patch_size": 14, "num_registers": 2}
    torch.save(MODELS.build(vit).state_dict(), "vit.pth")
    judge = ("knn", "vit.pth", "--data", "images", "--workers", 0, "--k", 3)
    done = call(capsys, *judge)
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].split()[:2] == ["0", "64"]
    assert call(capsys, *judge, "--random").code == 0
    done = call(capsys, "pretrain", "continued", "--data", "images", "--from", "vit.pth", "--image-size", 28,
                "--epochs", 1, "--workers", 0)  # fmt: skip
    assert done.code == 0, done.err
    assert "begins at" not in done.err
    assert (
        call(capsys, "knn", "work_dirs/continued_vit", "--data", "images", "--workers", 0, "--k", 3).code == 0
    )
    done = call(capsys, "pretrain", "mae", "--data", "images", "--from", "vit.pth", "--image-size", 28)
    assert done.code == 2
    assert "its MAEViT has no num_registers" in done.err


def test_networks_of_timm(capsys, images, timm):
    """What is judged puts out a map; its own size of images is taken, and no weights for ``--random``."""
    judge = ("timm/net", "--data", "images", "--workers", 0)
    done = call(capsys, "knn", *judge, "--k", 3)
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].split()[:2] == ["0", "8"]
    assert timm[-1] is True
    timm.clear()
    assert call(capsys, "linear-probe", *judge, "--random", "--solver", "logistic").code == 0
    assert not any(timm)
    done = call(capsys, "pretrain", "simclr", "--data", "images", "--from", "timm/net", "--image-size", 32,
                "--epochs", 1, "--workers", 0)  # fmt: skip
    assert done.code == 0, done.err
    timm.clear()
    done = call(
        capsys, "knn", "work_dirs/simclr_net/backbone.pth", "--data", "images", "--workers", 0, "--k", 3
    )
    assert done.code == 0, done.err
    assert not any(timm)  # the weights are in the file
    done = call(capsys, "pretrain", "dino", "--data", "images", "--from", "timm/net", "--image-size", 32)
    assert (done.code, "dino cannot train timm/net" in done.err) == (2, True)


def test_models_of_transformers(capsys, images, transformers):
    for name in ("hf://org/net", "org/net"):
        done = call(capsys, "knn", name, "--data", "images", "--workers", 0, "--k", 3)
        assert done.code == 0, done.err
        assert done.out.splitlines()[-1].split()[:2] == ["0", "8"]
    done = call(capsys, "knn", "hf://org/net", "--data", "images", "--workers", 0, "--stage", "3")
    assert (done.code, "HuggingFaceClassifier has no stages [3]" in done.err) == (2, True)
    done = call(capsys, "knn", "images/backbone", "--data", "images")  # a mistyped path is no name of the hub
    assert done.code == 2
    assert "transformers" not in done.err.lower()


def test_images_that_cannot_be_read(capsys, images):
    """They stop it before it starts, with an option that leaves them out."""
    (images / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 no image")
    words = ("pretrain", "mae", "--data", "images", *SMALL)
    done = call(capsys, *words)
    assert (done.code, "--skip-bad" in done.err) == (2, True)
    done = call(capsys, *words, "--skip-bad", "--batch-size", 4)
    assert done.code == 0, done.err


@pytest.mark.parametrize("name", ["list.txt", "table.csv"])
def test_labels_for_some_images_only(capsys, images, name):
    """All images train; those without a label are left out where labels count."""
    lines = [f"{c}/{i}.png,{c if i < 6 else ''}" for c in "ab" for i in range(1, 8)]
    text = "\n".join(["path,label", *lines])
    if name == "list.txt":
        text = "\n".join(line.replace(",a", " 0").replace(",b", " 1").rstrip(",") for line in lines)
    (images / name).write_text(text)
    data = ("--data", f"images/{name}", "--workers", 0)
    done = call(capsys, "pretrain", "mae", *data, *SMALL[:-2])
    assert done.code == 0, done.err
    assert Config.fromfile("work_dirs/mae_vit-micro/pretrain_mae.py").train_dataloader.batch_size == 14
    for command in (("knn", "--k", 3), ("linear-probe", "--solver", "logistic")):
        done = call(capsys, command[0], "work_dirs/mae_vit-micro/backbone.pth", *data, *command[1:])
        assert done.code == 0, done.err
        assert "8 images for training, 2 for validation, 2 classes" in done.out


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
        (("--temperature", "nan"), "temperature"),
        (("--out", "images/list.txt"), "--out: 'images/list.txt' exists. Name another file, or add --force"),
        (("--data", "parts"), "no images for training of 'c'"),
        (("--data", "single"), "--data: 'single' has labels of 1 class for training"),
    ],
)
def test_knn_in_one_sentence(capsys, images, words, message):
    write_images(images.parent / "single" / "a", 8)
    (images / "list.txt").touch()
    for part in ("train/a", "train/b", "val/a", "val/c"):
        write_images(images.parent / "parts" / part, 2)
    assert call(capsys, "pretrain", "mae", "--data", "images", *SMALL).code == 0
    done = call(capsys, "knn", "work_dirs/mae_vit-micro", "--data", "images", "--workers", 0, *words)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
