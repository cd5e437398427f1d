"""A model as a repository of the Hugging Face Hub."""

from __future__ import annotations

import json
import sys
import types

import numpy as np
import pytest
import torch

from mmpretrain import ImageClassificationInferencer, checkpoints
from mmpretrain.checkpoints.repository import upload, write_repository
from mmpretrain.cli.main import entry_point
from mmpretrain.errors import CheckpointError, ConfigError, MissingFileError, OptionalDependencyError

from ..apis.nets import config, make
from ..server import serve


@pytest.fixture
def trained(tmp_path):
    model = make()
    meta = {"cfg": config().pretty_text, "dataset_meta": {"classes": ("ant", "bee", "cat", "dög")}}
    torch.save({"state_dict": model.state_dict(), "meta": meta, "optimizer": {}}, tmp_path / "epoch_1.pth")
    return tmp_path / "epoch_1.pth"


def test_files(trained, tmp_path):
    files = write_repository(trained, tmp_path / "my-net", "me/my-net", version="2")
    assert sorted(path.name for path in files) == [
        "README.md",
        "config.json",
        "config.py",
        "model.safetensors",
    ]
    facts = json.loads((tmp_path / "my-net" / "config.json").read_text(encoding="utf-8"))
    assert facts["id2label"]["3"] == "dög"
    assert facts["num_labels"] == 4
    page = (tmp_path / "my-net" / "README.md").read_text(encoding="utf-8")
    assert page.startswith("---\nlibrary_name: mmpretrain\n")
    assert "hf://me/my-net" in page
    assert "ant, bee, cat, dög" in page
    content = checkpoints.open(tmp_path / "my-net" / "model.safetensors")
    assert "optimizer" not in content


def test_the_way_back(trained, tmp_path, monkeypatch):
    """What lies in the folder is a model for those who name its repository."""
    image = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    expected = ImageClassificationInferencer(trained, device="cpu")(image)[0]
    write_repository(trained, tmp_path / "files", "me/my-net")
    monkeypatch.setenv("MMPRETRAIN_CACHE", str(tmp_path / "cache"))
    with serve() as site:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        listed = []
        for path in (tmp_path / "files").iterdir():
            site.files[f"/me/my-net/resolve/main/{path.name}"] = path.read_bytes()
            listed.append({"rfilename": path.name})
        site.files["/api/models/me/my-net/revision/main"] = json.dumps({"siblings": listed}).encode()
        found = ImageClassificationInferencer("hf://me/my-net", device="cpu")(image)[0]
    np.testing.assert_allclose(found["pred_scores"], expected["pred_scores"], atol=1e-6)
    assert found["pred_class"] == expected["pred_class"]


class Api:
    """Stands for ``huggingface_hub.HfApi``: what is uploaded lands in a folder."""

    calls: list[tuple[str, object]] = []

    def __init__(self, token=None):
        self.calls.append(("token", token))

    def create_repo(self, name, private, exist_ok):
        self.calls.append((name, private))
        if name == "other/net":
            raise RuntimeError("403 Forbidden\nand a long page")

    def upload_folder(self, repo_id, folder_path, revision, commit_message):
        from pathlib import Path

        self.calls.append((revision, sorted(path.name for path in Path(folder_path).iterdir())))


def test_upload(trained, monkeypatch, capsys):
    Api.calls.clear()
    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(HfApi=Api))
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    entry_point_code(["upload", str(trained), "hf://me/my-net@v2", "--private"])
    assert "https://huggingface.co/me/my-net" in capsys.readouterr().out
    files = ["README.md", "config.json", "config.py", "model.safetensors"]
    assert Api.calls == [("token", "secret"), ("me/my-net", True), ("v2", files)]
    with pytest.raises(MissingFileError, match=r"hf://other/net could not be written .*403 Forbidden"):
        upload(trained, "hf://other/net")


def test_without_the_library(trained, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(OptionalDependencyError, match=r"mmpretrain\[hub\]"):
        upload(trained, "hf://me/my-net")


def test_a_folder_is_not_overwritten(trained, tmp_path, capsys):
    folder = tmp_path / "out"
    assert entry_point_code(["upload", str(trained), str(folder)]) == 0
    (folder / "README.md").write_text("mine")
    assert entry_point_code(["upload", str(trained), str(folder)]) == 2
    assert (folder / "README.md").read_text() == "mine"
    assert "--force" in capsys.readouterr().err
    assert entry_point_code(["upload", str(trained), str(folder), "--force"]) == 0
    assert "mine" not in (folder / "README.md").read_text()


def test_mistakes(tmp_path, trained):
    torch.save({"state_dict": {"a": torch.zeros(1)}}, tmp_path / "plain.pth")
    with pytest.raises(CheckpointError, match="does not hold its config"):
        write_repository(tmp_path / "plain.pth", tmp_path / "out")
    with pytest.raises(ConfigError, match="not an address"):
        upload(trained, "hf://me")


def entry_point_code(words: list[str]) -> int:
    try:
        entry_point(words)
    except SystemExit as error:
        return int(error.code or 0)
    return 0
