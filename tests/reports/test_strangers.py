"""Records of strangers: one sentence or a page, never a crash, and no code that runs."""

from __future__ import annotations

import json
import os
import struct
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmpretrain.analysis.records import open_record
from mmpretrain.errors import DataError
from mmpretrain.evaluation import ValueRecord
from mmpretrain.reports import write_report, write_value_report

SCORES = np.random.RandomState(0).rand(30, 3).astype(np.float32)
LABELS = np.arange(30) % 3
NAMES: dict[str, Any] = {"paths": [], "classes": []}
VALUE_NAMES: dict[str, Any] = {"paths": [], "names": []}


class Evil:
    def __reduce__(self):
        return os.system, ("touch pwned",)


def write(
    folder: Path,
    scores: Any = SCORES,
    targets: Any = LABELS,
    names: Any = NAMES,
    facts: Any = "{}",
    **more: Any,
) -> None:
    arrays = {**(more or {"scores": scores}), "targets": targets}
    text = names if isinstance(names, bytes) else json.dumps(names).encode()
    np.savez(folder / "predictions.npz", **arrays, names=np.frombuffer(text, np.uint8))
    (folder / "facts.json").write_bytes(facts if isinstance(facts, bytes) else facts.encode())


def changed(row: int, value: float) -> np.ndarray:
    scores = SCORES.copy()
    scores[row] = value
    return scores


def label(value: int) -> np.ndarray:
    labels = LABELS.copy()
    labels[0] = value
    return labels


def declared(folder: Path) -> None:
    """Arrays that claim to be a petabyte."""

    def header(shape: tuple[int, ...], dtype: str) -> bytes:
        text = str({"descr": dtype, "fortran_order": False, "shape": shape}).encode()
        text += b" " * (117 - len(text)) + b"\n"
        return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text

    with zipfile.ZipFile(folder / "predictions.npz", "w") as archive:
        archive.writestr("scores.npy", header((10**12, 1000), "<f4"))
        archive.writestr("targets.npy", header((10**12,), "<i8"))
        archive.writestr("names.npy", header((2,), "|u1") + b"{}")


def compressed(folder: Path) -> None:
    with zipfile.ZipFile(folder / "predictions.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("scores.npy", b"\0" * 10_000_000)
        for name in ("targets.npy", "names.npy"):
            archive.writestr(name, b"")


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "NaN": (lambda f: write(f, changed(3, np.nan)), "3 of 90 scores are NaN"),
    "negative label": (lambda f: write(f, targets=label(-1)), "labels must be from 0 to 2"),
    "large label": (lambda f: write(f, targets=label(10**15)), "labels must be from 0 to 2"),
    "no class": (lambda f: write(f, SCORES[:, :0]), "must have shape"),
    "no sample": (lambda f: write(f, SCORES[:0], LABELS[:0]), "must have shape"),
    "three axes": (lambda f: write(f, SCORES[None]), "must have shape"),
    "nothing counts": (lambda f: write(f, targets=np.full((30, 3), -1, np.int8)), "at least one sample"),
    "objects": (lambda f: write(f, np.array([Evil()], object)), "of type object"),
    "declared": (declared, "this is no record"),
    "compressed": (compressed, "its scores are compressed"),
    "columns": (lambda f: write(f, names={"paths": ["a"], "classes": []}), "1 paths for 30"),
    "names": (lambda f: write(f, names={"paths": [1] * 30, "classes": []}), "names are not texts"),
    "deep names": (lambda f: write(f, names=b"[" * 200_000), "this is no record"),
    "deep facts": (lambda f: write(f, facts='{"a":' * 100_000), "this is no record"),
    "binary facts": (lambda f: write(f, facts=b"\xff\xfe\0"), "this is no record"),
    "values": (
        lambda f: write(f, names=VALUE_NAMES, values=SCORES, targets=SCORES * np.nan),
        "right value is not finite",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_sentence(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make, message = REFUSED[name]
    make(tmp_path)
    with pytest.raises(DataError) as caught:
        write_report(open_record(str(tmp_path)), tmp_path / "x.html")  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "pwned").exists()


EVIL_PATHS = [
    "javascript:alert(1)", "/etc/passwd", "file:///etc/passwd", "\u202egnp.exe", "a\nb", "x" * 10_000, "\0",
    ".", "\"'></script><script>alert(1)</script>", "/dev/zero",
]  # fmt: skip
EVIL_CLASSES = ["</script><script>alert(1)</script>", "\u202eabc\n", "y" * 10_000]
SHOWN: dict[str, Callable[[Path], None]] = {
    "infinite": lambda f: write(f, changed(3, np.inf)),
    "huge": lambda f: write(f, SCORES * np.float32(3e38)),
    "logits": lambda f: write(f, SCORES - 5),
    "odd labels": lambda f: write(f, targets=np.full((30, 3), 7, np.int8)),
    "one class": lambda f: write(f, SCORES[:, :1], LABELS * 0),
    "one sample": lambda f: write(f, SCORES[:1], LABELS[:1]),
    "names": lambda f: write(f, names={"paths": EVIL_PATHS * 3, "classes": EVIL_CLASSES}),
    "equal names": lambda f: write(f, names={"paths": [], "classes": ["a", "a", ""]}),
    "odd facts": lambda f: write(
        f,
        facts=json.dumps({"command": [1, None], "config": {"file": 5, "text": [1]}, "metrics": [1], "a": {}}),
    ),
    "many facts": lambda f: write(f, facts=json.dumps({f"k{i}": "v" * 100 for i in range(20_000)})),
    "infinite values": lambda f: write(f, names=VALUE_NAMES, values=SCORES * np.inf, targets=SCORES),
    "huge values": lambda f: write(
        f, names=VALUE_NAMES, values=SCORES * np.float32(3e38), targets=SCORES * np.float32(-3e38)
    ),
}


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_page_without_anything_that_runs(name, tmp_path):
    SHOWN[name](tmp_path)
    record = open_record(str(tmp_path))
    page = tmp_path / "x.html"
    if isinstance(record, ValueRecord):
        write_value_report(record, page)
    else:
        write_report(record, page)
    text = page.read_text(encoding="utf-8")
    assert len(text) < 150_000
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append(tag)  # type: ignore[method-assign]
    parser.feed(text)
    assert tags.count("script") == 2
    assert "\u202e" not in text
    assert "javascript:" not in text.replace("/javascript:alert", "") or name == "names"
    assert "y" * 200 not in text
    assert "x" * 400 not in text
