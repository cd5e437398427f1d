"""``mim download`` against a server on this machine."""

from __future__ import annotations

import hashlib
import io

import pytest
import torch

import mmpretrain
from mmpretrain.checkpoints import zoo
from mmpretrain.compat.mim import download
from mmpretrain.config import Config
from tests.compat.mim.test_main import mim
from tests.server import serve


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A server with the weights of a small model, which the zoo knows."""
    buffer = io.BytesIO()
    torch.save({"state_dict": mmpretrain.get_model("lenet5_digits").state_dict()}, buffer)
    content = buffer.getvalue()
    name = f"lenet_2026-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    monkeypatch.setenv("MMPRETRAIN_CACHE", str(tmp_path / "cache"))
    with serve() as server:
        server.files[f"/zoo/{name}"] = content
        server.name, server.content = name, content
        config = zoo.resource_root() / "configs" / "lenet" / "lenet5_digits.py"
        info = zoo.ModelInfo("tiny-net", "LeNet", config, weights=f"{server.url}/zoo/{name}")
        monkeypatch.setitem(zoo._added, "tiny-net", info)
        yield server


def test_weights_and_config(capsys, site, tmp_path):
    dest = tmp_path / "here"
    done = mim(capsys, "download", "mmpretrain", "--config", "tiny-net", "--dest", dest)
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "processing tiny-net...",
        f"Successfully downloaded {site.name} to {dest}",
        f"Successfully dumped tiny-net.py to {dest}",
    ]
    assert (dest / site.name).read_bytes() == site.content
    assert {path.name for path in dest.iterdir()} == {site.name, "tiny-net.py"}
    cfg = Config.fromfile(dest / "tiny-net.py")
    assert cfg.model == Config.fromfile(zoo.find_model("tiny-net").config).model
    model = mmpretrain.init_model(dest / "tiny-net.py", dest / site.name, device="cpu")
    assert model.backbone.num_classes == 10

    asked = len(site.requests)
    done = mim(capsys, "download", "mmcls", "--config", "tiny-net.py", "--dest", dest)
    assert done.out.splitlines()[1:] == [f"{site.name} exists in {dest}", f"tiny-net.py exists in {dest}"]
    assert len(site.requests) == asked


def test_a_server_without_the_file(capsys, site, tmp_path):
    site.files.clear()
    done = mim(capsys, "download", "mmpretrain", "--config", "tiny-net", "--dest", tmp_path / "here")
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert not any((tmp_path / "here").iterdir())


def test_damaged_weights_do_not_arrive(capsys, site, tmp_path):
    site.files[f"/zoo/{site.name}"] = site.content[:-7] + b"damaged"
    done = mim(capsys, "download", "mmpretrain", "--config", "tiny-net", "--dest", tmp_path / "here")
    assert done.code == 2
    assert not any((tmp_path / "here").iterdir())


def test_a_config_of_the_user_is_left_alone(capsys, site, tmp_path):
    (tmp_path / "tiny-net.py").write_text("mine = 1\n")
    done = mim(capsys, "download", "mmpretrain", "--config", "tiny-net", "--dest", tmp_path)
    assert (done.code, "is another config" in done.err) == (2, True)
    assert (tmp_path / "tiny-net.py").read_text() == "mine = 1\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--config", "tiny-nets"], "Did you mean 'tiny-net'"),
        ([], "no model is named"),
        (["--dataset", "coco"], "cannot be downloaded by this mim"),
    ],
)
def test_bad_input(capsys, site, words, message):
    done = mim(capsys, "download", "mmpretrain", *words)
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert message in done.err


def test_names():
    assert download.names_in(["a,b.py", "configs/x/c.py"]) == ["a", "b", "c"]
    assert download.known_name("resnet101_b16x8_cifar10") == "resnet101_8xb16_cifar10"
    assert download.find("resnet18_b32x8_imagenet").name == "resnet18_8xb32_in1k"
    assert download.find("resnet18_8xb32_in1k").weights.endswith("resnet18_8xb32_in1k_20210831-fbbb1da6.pth")


def test_a_model_without_weights(capsys, site, tmp_path, monkeypatch):
    info = zoo.ModelInfo("bare-net", "LeNet", zoo.find_model("tiny-net").config)
    monkeypatch.setitem(zoo._added, "bare-net", info)
    done = mim(capsys, "download", "mmpretrain", "--config", "bare-net", "--dest", tmp_path / "here")
    assert "no weights were published for bare-net" in done.out
    assert (tmp_path / "here" / "bare-net.py").is_file()
