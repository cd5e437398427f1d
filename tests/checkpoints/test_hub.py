"""Weights on the Hugging Face Hub, against a server on this machine that answers as the hub does."""

from __future__ import annotations

import json

import pytest
import torch

from mmpretrain import checkpoints
from mmpretrain.checkpoints.cache import fetch
from mmpretrain.checkpoints.hub import HubSource
from mmpretrain.checkpoints.serialization import to_bytes
from mmpretrain.errors import CheckpointError, ConfigError, MissingFileError

CONTENT = to_bytes({"state_dict": {"weight": torch.ones(3)}})
OTHER = to_bytes({"state_dict": {"weight": torch.zeros(3)}})


@pytest.fixture
def hub(site, monkeypatch):
    """A hub, and a function that gives a repository files."""
    monkeypatch.setenv("HF_ENDPOINT", site.url)

    def put(repository, *names, revision="main", content=CONTENT):
        for name in names:
            site.files[f"/{repository}/resolve/{revision}/{name}"] = content
        listed = {"siblings": [{"rfilename": name} for name in ("README.md", *names)]}
        site.files[f"/api/models/{repository}/revision/{revision}"] = json.dumps(listed).encode()

    site.put = put
    return site


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hf://org/name", HubSource("org/name")),
        ("hf://org/name.v2/a/b.pth", HubSource("org/name.v2", "main", "a/b.pth")),
        ("hf://org/name/b.pth@v1.0", HubSource("org/name", "v1.0", "b.pth")),
        ("hf://org/name@refs", HubSource("org/name", "refs")),
        ("hf://org/name@abc/b.pth", HubSource("org/name", "abc", "b.pth")),
        ("hf://org/name/", HubSource("org/name")),
    ],
)
def test_addresses(text, expected):
    assert HubSource.parse(text) == expected


@pytest.mark.parametrize(
    "text", ["hf://", "hf://org", "hf://org/", "hf://a/b/../c", "hf://a/b@c/d@e", "hf://a b/c"]
)
def test_what_is_no_address(text):
    with pytest.raises(ConfigError, match="is not an address on the Hugging Face Hub"):
        HubSource.parse(text)


def test_a_named_file(hub):
    hub.put("org/repo", "a/b.pth")
    assert fetch("hf://org/repo/a/b.pth").read_bytes() == CONTENT
    assert [path for _, path, _ in hub.requests] == ["/org/repo/resolve/main/a/b.pth"]


def test_repositories_and_revisions_share_nothing(hub):
    hub.put("org/one", "model.safetensors", "model.pth")
    hub.put("org/one", "model.pth", revision="v2", content=OTHER)
    assert fetch("hf://org/one/model.pth").read_bytes() == CONTENT
    assert fetch("hf://org/one/model.pth@v2").read_bytes() == OTHER
    assert fetch("HF://org/one/model.pth@v2").read_bytes() == OTHER


def test_the_file_with_the_weights_is_found_once(hub):
    hub.put("org/repo", "net.pth", "config.json")
    assert torch.equal(checkpoints.open("hf://org/repo")["state_dict"]["weight"], torch.ones(3))
    asked = len(hub.requests)
    assert fetch("hf://org/repo").name == "net.pth"
    assert len(hub.requests) == asked


def test_several_files_are_named(hub):
    hub.put("org/repo", "a.pth", "b.pth")
    with pytest.raises(CheckpointError, match=r"several files.*FILE one of a\.pth, b\.pth"):
        fetch("hf://org/repo")
    hub.put("org/repo", "a.pth", "pytorch_model.bin")
    assert fetch("hf://org/repo").name == "pytorch_model.bin"
    hub.put("org/empty")
    with pytest.raises(CheckpointError, match="holds no weights"):
        fetch("hf://org/empty")


def test_no_such_repository(hub):
    with pytest.raises(MissingFileError, match=r"files of hf://org/none .*it answers 404"):
        fetch("hf://org/none")
    hub.files["/api/models/org/odd/revision/main"] = b"<html>"
    with pytest.raises(MissingFileError, match="the answer is not a list of files"):
        fetch("hf://org/odd")


def test_a_private_repository(hub, monkeypatch):
    hub.put("org/repo", "a.pth")
    hub.password = "Bearer secret"
    with pytest.raises(MissingFileError, match="access is refused"):
        fetch("hf://org/repo")
    monkeypatch.setenv("HF_TOKEN", "secret")
    assert fetch("hf://org/repo").read_bytes() == CONTENT


def test_offline(hub, monkeypatch, tmp_path):
    hub.put("org/repo", "a.pth")
    fetch("hf://org/repo/a.pth")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetch("hf://org/repo/a.pth").read_bytes() == CONTENT
    with pytest.raises(
        MissingFileError, match=r"HF_HUB_OFFLINE is set, and hf://org/repo/b\.pth is not on this"
    ):
        fetch("hf://org/repo/b.pth")
    fetched = tmp_path / "hub" / "models--org--repo"
    (fetched / "snapshots" / "abc").mkdir(parents=True)
    (fetched / "refs").mkdir()
    (fetched / "refs" / "main").write_text("abc")
    (fetched / "snapshots" / "abc" / "b.pth").write_bytes(OTHER)
    assert fetch("hf://org/repo/b.pth").read_bytes() == OTHER, "what huggingface_hub has fetched is used"
