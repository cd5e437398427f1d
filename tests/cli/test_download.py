"""``mmpretrain download`` and ``mmpretrain models``."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from mmpretrain import checkpoints, init_model
from mmpretrain.apis import index
from mmpretrain.checkpoints import zoo
from mmpretrain.cli.main import entry_point
from mmpretrain.config import Config

from ..server import serve


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A zoo of two models whose weights are on a server of our own."""
    monkeypatch.setenv("MMPRETRAIN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MMPRETRAIN_OFFLINE", raising=False)
    monkeypatch.setattr(zoo, "_added", {})
    torch.save({"state_dict": {"a": torch.arange(9.0)}}, tmp_path / "a.pth")
    content = (tmp_path / "a.pth").read_bytes()
    name = f"a-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    config = zoo.find_model("resnet18_8xb16_cifar10").config
    with serve() as server:
        server.files[f"/{name}"] = content
        for model, file in (("my-net", name), ("my-bad-net", "b-01234567.pth")):
            zoo.add(zoo.ModelInfo(name=model, collection="", config=config, weights=f"{server.url}/{file}"))
        server.files["/b-01234567.pth"] = content
        yield server


def run(*words: str) -> int:
    try:
        entry_point([*words])
    except SystemExit as error:
        return int(error.code or 0)
    return 0


def test_weights_and_config(site, tmp_path, capsys):
    assert run("download", "my-net", "--dest", str(tmp_path / "out")) == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names[1] == "my-net.py"
    assert checkpoints.open(tmp_path / "out" / names[0])["state_dict"]["a"].tolist() == list(range(9))
    assert Config.fromfile(tmp_path / "out" / "my-net.py").model.head.num_classes == 10
    assert "my-net.py" in capsys.readouterr().out
    # Once more: nothing is fetched or overwritten.
    asked = len(site.requests)
    assert run("download", "my-net", "--dest", str(tmp_path / "out")) == 0
    assert len(site.requests) == asked
    (tmp_path / "out" / "my-net.py").write_text("mine = 1")
    assert run("download", "my-net", "--dest", str(tmp_path / "out")) == 2
    assert (tmp_path / "out" / "my-net.py").read_text() == "mine = 1"
    assert run("download", "my-net", "--dest", str(tmp_path / "out"), "--force") == 0
    assert "num_classes" in (tmp_path / "out" / "my-net.py").read_text()


def test_one_that_fails_does_not_stop_the_others(site, capsys):
    assert run("download", "my-bad-net", "my-net", "no-such-net") == 2
    said = capsys.readouterr()
    assert "my-net: " in said.out
    assert "does not match sha256:01234567" in said.err
    assert "no-such-net" in said.err


def test_patterns(site, capsys):
    assert run("download", "my-n?t") == 0
    assert capsys.readouterr().out.startswith("my-net: ")
    assert run("download", "nothing*") == 2
    assert "no model with published weights fits 'nothing*'" in capsys.readouterr().err


def test_offline(site, monkeypatch, capsys):
    monkeypatch.setenv("MMPRETRAIN_OFFLINE", "1")
    assert run("download", "my-net") == 2
    assert "MMPRETRAIN_OFFLINE is set" in capsys.readouterr().err
    assert not site.requests
    monkeypatch.delenv("MMPRETRAIN_OFFLINE")
    assert run("download", "my-net") == 0
    monkeypatch.setenv("MMPRETRAIN_OFFLINE", "1")
    assert run("download", "my-net") == 0


def test_models_that_are_here(site, capsys):
    assert run("models", "my-*", "--cached", "--names") == 0
    assert capsys.readouterr().out.split() == []
    assert not index.is_cached("my-net")
    run("download", "my-net")
    capsys.readouterr()
    assert run("models", "my-*", "--cached", "--names") == 0
    assert capsys.readouterr().out.split() == ["my-net"]
    assert run("models", "my-*", "--names") == 0
    assert capsys.readouterr().out.split() == ["my-bad-net", "my-net"]


def test_weights_of_timm_are_converted(site, tmp_path, monkeypatch):
    """``timm/NAME`` is a repository of the hub, whose layout is recognised."""
    from safetensors.torch import save

    monkeypatch.setenv("HF_ENDPOINT", site.url)
    torch.manual_seed(0)
    ours = init_model("resnet18_8xb32_in1k", device="cpu")
    foreign = {}
    for key, value in ours.state_dict().items():
        name = key.removeprefix("backbone.").removeprefix("head.").replace("downsample.0", "downsample.0")
        foreign[name] = torch.randn_like(value) if value.is_floating_point() else value
    site.files["/timm/resnet18.test/resolve/main/model.safetensors"] = save(foreign)
    site.files["/api/models/timm/resnet18.test/revision/main"] = (
        b'{"siblings": [{"rfilename": "config.json"}, {"rfilename": "model.safetensors"}]}'
    )
    model = init_model("resnet18_8xb32_in1k", "timm/resnet18.test", device="cpu")
    torch.testing.assert_close(model.backbone.layer4[1].conv2.weight, foreign["layer4.1.conv2.weight"])
    torch.testing.assert_close(model.head.fc.weight, foreign["fc.weight"])
    assert run("download", "timm/resnet18.test") == 0
    assert Path(checkpoints.find("timm/resnet18.test").path).is_file()
