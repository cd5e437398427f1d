"""Record `mmpretrain finetune` once more, for docs/finetuning.md, its Chinese sibling and their pictures.

    pip install 'mmpretrain[lite]' && pip install --no-deps animal-mnist
    python tools/record_finetune.py --time 6m

It writes a folder with 147 files, of six unequal classes and with what users have between their images; runs
one command on it; and puts what it printed, and screenshots of its report (with Chromium), into the docs.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from mmpretrain.datasets.digits import load_digits
from mmpretrain.utils.plain_data import load_pickle

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("finetuning.md", "finetuning.zh-CN.md")
#: What was typed, up to the end of what was printed.
BLOCK = re.compile(r"(?<=```text\n)\$ mmpretrain finetune --data photos.*?(?=```)", re.DOTALL)
#: Lines of the log that are kept: those of the first and the last epochs.
EPOCH = re.compile(r"Epoch (\d+)/(\d+)  ")
#: Picture -> what is cut out of the page: width, first heading or None for the top, height.
PICTURES: Mapping[str, tuple[int, str | None, int]] = {
    "finetune_summary.png": (700, None, 630),
    "finetune_classes.png": (700, "per-class", 1141),
}
#: Name of a class -> how many images, and which: a digit, or the number of an animal.
CLASSES = {
    "zero": (46, 0, None), "number two": (22, 2, None), "数字 七": (12, 7, None),
    "animal A": (39, None, 0), "animal B": (15, None, 1), "动物 丙": (8, None, 2),
}  # fmt: skip


def animals() -> tuple[np.ndarray, np.ndarray]:
    """Return the silhouettes of the package animal-mnist, (N, 28, 28) uint8, and the class of each, (N,)."""
    spec = find_spec("animal_mnist")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps animal-mnist")
    folder = Path(spec.origin).parent / "data" / "Animal_MNIST"
    files = (folder / f"animal_{part}_version_3.gz" for part in ("data", "label"))
    images, labels = (np.asarray(load_pickle(gzip.decompress(file.read_bytes()))) for file in files)
    return images.reshape(-1, 28, 28).astype(np.uint8), labels.reshape(-1)


def write_photos(root: Path) -> int:
    """Write the folder, and return the number of its files."""
    (digits, labels), (shapes, kinds) = load_digits("train"), animals()
    for name, (count, digit, animal) in CLASSES.items():
        folder = root / name
        folder.mkdir(parents=True)
        chosen = (digits[labels == digit] if digit is not None else shapes[kinds == animal])[:count]
        for number, image in enumerate(chosen):
            Image.fromarray(image.astype(np.uint8).squeeze()).save(folder / f"图 {number}.png")
    for name, number, mode, file in (
        ("animal B", 0, "RGBA", "clear.png"),
        ("animal A", 0, "P", "moving.gif"),
        ("zero", 0, "RGB", "camera.jpg"),
    ):
        Image.open(root / name / f"图 {number}.png").resize((56, 56)).convert(mode).save(root / name / file)
    whole = (root / "zero" / "camera.jpg").read_bytes()
    (root / "zero" / "camera.jpg").write_bytes(whole[: len(whole) // 2])
    for folder in (root, root / "zero"):
        (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    return sum(path.is_file() for path in root.rglob("*"))


def run(folder: Path, span: str) -> str:
    """Run the command in a folder, and return what it printed, with most epochs left out."""
    words = ["finetune", "--data", "photos", "--time", span]
    done = subprocess.run(
        [sys.executable, "-m", "mmpretrain", *words], cwd=folder, text=True, check=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "COLUMNS": "160"},
    )  # fmt: skip
    return f"$ mmpretrain {' '.join(words)}\n{shortened(done.stdout).replace(f'{folder}/', '')}"


def shortened(text: str) -> str:
    """Return what a command printed without progress bars, tables and the epochs in the middle."""
    kept: list[str] = []
    for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).splitlines():
        line = line.rpartition("\r")[2].rstrip()
        epoch = EPOCH.match(line)
        if epoch and 1 < int(epoch[1]) < int(epoch[2]):
            line = "..."
        plain = line.startswith(("Left out", "Fine-tuning", "Next", "Epoch", "The report", "  ", "..."))
        if (plain or (not line and kept)) and line != (kept[-1] if kept else None):
            kept.append(line)
    return "\n".join(kept).strip() + "\n"


def photograph(report: Path, out: Path) -> None:
    """Save the pictures of a report, each from the heading of a section on."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("no Chromium on this machine")
    for name, (width, section, height) in PICTURES.items():
        page = report.with_name("shown.html")
        before = f"document.getElementById('{section}').previousElementSibling"
        script = f"while ({before}) {before}.remove();" if section else ""
        text = report.read_text(encoding="utf-8").replace("</body>", f"<script>{script}</script></body>")
        page.write_text(text, encoding="utf-8")
        with tempfile.TemporaryDirectory() as profile:
            subprocess.run(
                [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                 f"--user-data-dir={profile}", f"--window-size={width},{height}",
                 f"--screenshot={out / name}", page.as_uri()],
                check=True, capture_output=True, timeout=600,
            )  # fmt: skip
        page.unlink()
        Image.open(out / name).convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(
            out / name, optimize=True
        )


def main() -> None:
    """Record, and write into the docs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--time", default="6m", help="the budget of the fine-tuning")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(write_photos(Path(folder) / "photos"), "files")
        printed = run(Path(folder), args.time)
        photograph(next(Path(folder).glob("work_dirs/*/*/report.html")), DOCS / "images")
    print(printed)
    for page in PAGES:
        text = (DOCS / page).read_text(encoding="utf-8")
        (DOCS / page).write_text(BLOCK.sub(lambda _: printed, text), encoding="utf-8")


if __name__ == "__main__":
    main()
