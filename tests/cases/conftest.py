"""Small inputs that people met in public: data, the config that all inherit from, and the command line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmpretrain.cli.main import entry_point

CLASSES = ("ant", "bee", "cat", "dog", "eel", "fox")
#: Images of each class.
SIZES = {"train": 12, "val": 6, "test": 6}


@dataclass
class Run:
    """What a command left behind.

    Attributes:
        code: Its exit code.
        out: Standard output.
        err: Standard error.
    """

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything that was printed."""
        return self.out + self.err


@pytest.fixture(scope="session")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images that differ in colour: ``SPLIT/CLASS/NUMBER.jpg``, and lists of them."""
    root = tmp_path_factory.mktemp("data") / "pets"
    random = np.random.RandomState(0)
    for split, count in SIZES.items():
        lines = []
        for label, name in enumerate(CLASSES):
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                image = random.randint(0, 60, (40, 40, 3))
                image[..., 2 - label % 3] += 60 + 40 * (label // 3)
                path = f"{name}/{number:03d}.jpg"
                cv2.imwrite(str(root / split / path), image.astype(np.uint8))
                lines.append(f"{path} {label}\n")
        (root / f"{split}.txt").write_text("".join(lines))
    (root / "classes.txt").write_text("\n".join(CLASSES) + "\n")
    return root


@pytest.fixture
def case(pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with ``base.py`` and ``data/pets``, which a test may change."""
    shutil.copy(Path(__file__).with_name("base.py"), tmp_path)
    shutil.copytree(pets, tmp_path / "data" / "pets")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """A function that runs a command in this process: ``cli('train', 'cfg.py')``."""

    def run(*words: str) -> Run:
        capfd.readouterr()
        code = 0
        try:
            entry_point(list(map(str, words)))
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        out, err = capfd.readouterr()
        return Run(code, out, err)

    return run
