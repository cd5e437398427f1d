"""Samples whose files are arrays: they are measured and shown as pictures are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmpretrain.audit import Samples, audit
from mmpretrain.audit.page import write_page
from mmpretrain.datasets.labelled import read_labelled


@pytest.mark.parametrize("kind", ["13 bands", "floats", "bytes"])
def test_arrays(tmp_path: Path, kind: str) -> None:
    random = np.random.default_rng(0)
    for number in range(12):
        image = random.random((20, 30, {"13 bands": 13, "floats": 1, "bytes": 3}[kind]))
        if kind == "13 bands":
            image = (4000 * image).astype(np.uint16)
        elif kind == "floats":
            image = (3 * image[..., 0] - 1).astype(np.float32)
        else:
            image = (255 * image).astype(np.uint8)
        for part, name in [("train", f"{number}.npy"), ("val", f"copy{number}.npy")][
            : 2 if number == 3 else 1
        ]:
            folder = tmp_path / part / "ab"[number % 2]
            folder.mkdir(parents=True, exist_ok=True)
            np.save(folder / name, image)
    np.save(tmp_path / "val" / "b" / "other.npy", np.roll(image, 7, 0))
    (tmp_path / "val" / "a").mkdir()
    np.save(tmp_path / "val" / "a" / "other.npy", np.roll(image, 11, 1))
    (tmp_path / "train" / "a" / "bad.npy").write_bytes(
        (tmp_path / "train" / "a" / "0.npy").read_bytes()[:200]
    )
    samples = Samples.of(read_labelled(str(tmp_path)))
    shown = samples.picture(0)
    assert isinstance(shown, np.ndarray)
    assert (shown.dtype, shown.shape) == (np.uint8, (20, 30, 3) if kind == "bytes" else (20, 30))
    assert (shown.min() < 5, shown.max() > 250) == (True, True)
    found = audit(samples)
    assert [samples.names[one.index][-5:] for one in found.of_kind("leak")] == ["3.npy"]
    (broken,) = found.of_kind("unreadable")
    assert samples.names[broken.index].endswith("bad.npy")
    assert samples.picture(broken.index) is None
    write_page(found, str(tmp_path), tmp_path / "audit.html")
    assert (tmp_path / "audit.html").read_text(encoding="utf-8").count("data:image/jpeg") >= 2
