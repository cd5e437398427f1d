"""Files that travel with the package."""

from __future__ import annotations

from mmpretrain.utils import resources


def test_the_checkout_and_a_wheel(tmp_path, monkeypatch):
    assert (resources.resource_root() / "configs" / "resnet").is_dir()
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "mmpretrain")
    assert resources.resource_root() == tmp_path
    (tmp_path / "mmpretrain" / ".mim").mkdir(parents=True)
    assert resources.resource_root() == tmp_path / "mmpretrain" / ".mim"
