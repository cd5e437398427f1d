"""A folder that looks like the checkout that tutorials work in, with small stand-in data."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np

from tests.compat.v0.cases import PIPELINES

REPO = Path(__file__).parents[2]
CLASSES = ("bird", "cat", "dog")

#: Pipelines of a config for 0.x, as its texts print them, for pictures of 32 pixels.
OLD_PIPELINES = PIPELINES.replace("size=224", "size=32").replace("256", "36")

#: A head for 0.x, as its texts print it, without its imports.
LINEAR_HEAD = """
@HEADS.register_module()
class OwnLinearClsHead(ClsHead):
    def __init__(self,
                num_classes,
                in_channels,
                loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
                topk=(1, )):
        super(OwnLinearClsHead, self).__init__(loss=loss, topk=topk)
        self.in_channels = in_channels
        self.num_classes = num_classes

        if self.num_classes <= 0:
            raise ValueError(
                f'num_classes={num_classes} must be a positive integer')

        self._init_layers()

    def _init_layers(self):
        self.fc = nn.Linear(self.in_channels, self.num_classes)

    def init_weights(self):
        normal_init(self.fc, mean=0, std=0.01, bias=0)

    def forward_train(self, x, gt_label):
        cls_score = self.fc(x)
        losses = self.loss(cls_score, gt_label)
        return losses
"""


class Checkout:
    """A folder with the zoo's configs, the scripts and some pictures.

    Args:
        folder: Where; it is the working folder of every script.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        for name in ("tools", "demo"):
            (folder / name).symlink_to(REPO / name)
        (folder / "configs").mkdir(parents=True)
        for entry in (REPO / "configs").iterdir():
            (folder / "configs" / entry.name).symlink_to(entry)

    def write(self, path: str, text: str) -> Path:
        """Write a file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def python(self, script: str, *args: object, code: int = 0) -> str:
        """Do what ``python SCRIPT ARGS`` does, and return what it prints."""
        return self._run(self.folder / script, [script, *args], code)

    def mmpretrain(self, *args: object, code: int = 0) -> str:
        """Do what ``mmpretrain ARGS`` does, and return what it prints."""
        return self._run(Path("mmpretrain"), ["mmpretrain", *args], code)

    def _run(self, script: Path, argv: list[object], code: int) -> str:
        output = self.folder / "output.txt"
        arguments, here = sys.argv, os.getcwd()
        streams = sys.stdout, sys.stderr
        sys.argv = [str(item) for item in argv]
        os.chdir(self.folder)
        got: object = 0
        with output.open("w") as sys.stdout:
            sys.stderr = sys.stdout
            try:
                if script.suffix:
                    runpy.run_path(str(script), run_name="__main__")
                else:
                    runpy.run_module("mmpretrain", run_name="__main__")
            except SystemExit as stop:
                got = stop.code or 0
            finally:
                sys.argv = arguments
                sys.stdout, sys.stderr = streams
                os.chdir(here)
        text = output.read_text()
        assert got == code, f"{' '.join(map(str, argv))} ended with {got}:\n{text}"
        return text


def draw(path: Path, label: int, number: int, size: tuple[int, int] = (40, 48)) -> None:
    """Write a picture whose colour says what it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.RandomState(100 * label + number)
    image = random.randint(0, 90, (*size, 3)).astype(np.uint8)
    image[..., label % 3] += 160
    assert cv2.imwrite(str(path), image)


def folders(root: Path, each: int, classes: tuple[str, ...] = CLASSES) -> None:
    """Write a folder of pictures for each class."""
    for label, name in enumerate(classes):
        for number in range(each):
            draw(root / name / f"{number}.jpg", label, number)


def listed(root: Path, list_file: Path, count: int, classes: int = len(CLASSES)) -> None:
    """Write pictures into one folder, and a list of names and labels."""
    list_file.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for number in range(count):
        draw(root / f"{number:06d}.jpg", number % classes, number)
        lines.append(f"{number:06d}.jpg {number % classes}\n")
    list_file.write_text("".join(lines))
