"""Weights in installed packages."""

from __future__ import annotations

import sys

import pytest
import torch

from mmpretrain.checkpoints import sources
from mmpretrain.checkpoints.packages import find_in_package
from mmpretrain.errors import ConfigError, MissingFileError


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that must not be imported, with a checkpoint in it."""
    folder = tmp_path / "site" / "some_weights"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    torch.save({"state_dict": {"a": torch.ones(2)}}, folder / "models" / "net.pth")
    (tmp_path / "site" / "outside.pth").write_bytes(b"outside")
    monkeypatch.syspath_prepend(str(folder.parent))
    return folder


def test_a_file_is_read_without_importing_the_package(package):
    source = "pkg://some_weights/models/net.pth"
    assert find_in_package(source) == package / "models" / "net.pth"
    assert sources.open(source)["state_dict"]["a"].tolist() == [1, 1]
    sources.check(source)
    assert "some_weights" not in sys.modules


def test_what_is_not_there_is_said(package):
    with pytest.raises(MissingFileError, match=r"has no file models/other\.pth"):
        find_in_package("pkg://some_weights/models/other.pth")
    with pytest.raises(MissingFileError) as caught:
        sources.check("pkg://no_such_weights/net.pth")
    assert "not installed" in str(caught.value)
    assert "pip install no-such-weights" in str(caught.value)


@pytest.mark.parametrize(
    "source",
    ["pkg://", "pkg://some_weights", "pkg://some_weights/../outside.pth", "pkg://some.weights/net.pth",
     "pkg://some_weights//etc/passwd", "pkg://../some_weights/net.pth"],
)  # fmt: skip
def test_only_files_of_the_package(package, source):
    with pytest.raises(ConfigError, match="does not name a file of a package"):
        find_in_package(source)


def test_links_out_of_the_package_are_not_followed(package):
    (package / "link.pth").symlink_to(package.parent / "outside.pth")
    with pytest.raises(MissingFileError):
        find_in_package("pkg://some_weights/link.pth")
