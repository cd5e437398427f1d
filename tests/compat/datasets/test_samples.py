"""Files of class folders."""

from __future__ import annotations


def test_get_samples(tmp_path):
    from mmpretrain.datasets.custom import find_folders, get_samples

    for name in ("a/1.png", "a/x/2.png", "b/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    folders = find_folders(str(tmp_path))
    labels = {"a": 0, "b": 1}
    assert set(folders) == {"a", "b"}
    samples, empty = get_samples(str(tmp_path), labels, lambda path: path.endswith(".png"))
    assert samples == [("a/1.png", 0), ("a/x/2.png", 0)]
    assert empty == ["b"]
