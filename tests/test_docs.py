"""The pages in docs/: their Python examples run from top to bottom, and their links lead somewhere."""

from __future__ import annotations

import re
import tarfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmpretrain.checkpoints import serialization
from mmpretrain.config import Config
from mmpretrain.registry import (
    BATCH_TRANSFORMS,
    DATASETS,
    HOOKS,
    METRICS,
    MODELS,
    OPTIM_WRAPPER_CONSTRUCTORS,
    PARAM_SCHEDULERS,
    TRANSFORMS,
)

DOCS = Path(__file__).parent.parent / "docs"

#: Page -> what its examples register.
REGISTERED = {
    "datasets.md": [(DATASETS, "Filelist")],
    "engine.md": [(HOOKS, "PrintLoss")],
    "heads_and_losses.md": [(MODELS, "BellLoss"), (MODELS, "CosineHead")],
    "hooks.md": [(HOOKS, "CountImagesHook")],
    "metrics.md": [(METRICS, "ClassesOff")],
    "optimizers.md": [(OPTIM_WRAPPER_CONSTRUCTORS, "SlowBackbone")],
    "schedules.md": [(PARAM_SCHEDULERS, "HalveLR")],
    "transforms.md": [(TRANSFORMS, "Darken"), (BATCH_TRANSFORMS, "RandomDarken")],
}


def blocks(page: str) -> list[str]:
    """Return the Python examples of a page."""
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


#: Pages whose examples run here. Those of backbones.md, and what they print, are tested beside the backbones;
#: translated pages show examples of the English ones.
PAGES = [
    page.name
    for page in sorted(DOCS.glob("*.md"))
    if page.stem != "backbones" and ".zh-CN" not in page.name and blocks(page.name)
]
TRANSLATED = sorted(page.name for page in DOCS.glob("*.zh-CN.md"))


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder with the data and configs that the pages mention."""
    for split in ("train", "val"):
        for label, name in enumerate(("apple", "pear")):
            path = tmp_path / "data" / "fruit" / split / name / "1.jpg"
            path.parent.mkdir(parents=True)
            cv2.imwrite(str(path), np.full((300, 400, 3), 100 * label + 50 * (split == "val"), np.uint8))
    image = tmp_path / "data" / "fruit" / "train" / "apple" / "1.jpg"
    (tmp_path / "cat.jpg").write_bytes(image.read_bytes())
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.write(image, "train/a.jpg")
    for number in range(2):
        with tarfile.open(tmp_path / f"train-{number:03d}.tar", "w") as shard:
            shard.add(image, f"{number}.jpg")
    (tmp_path / "my_config.py").write_text("train_dataloader = None")
    (tmp_path / "configs" / "own").mkdir(parents=True)
    for folder in (DOCS.parent / "configs").iterdir():
        (tmp_path / "configs" / folder.name).symlink_to(folder)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(data):
    """An untrained run of the demo, one of its images, and the same checkpoint under a stranger's name."""
    cfg = Config.fromfile("configs/lenet/lenet5_digits.py")
    Path("work_dirs/demo").mkdir(parents=True)
    cfg.dump("work_dirs/demo/lenet5_digits.py")
    weights = MODELS.build(cfg.model).state_dict()
    meta = {"cfg": cfg.pretty_text, "dataset_meta": {"classes": tuple("0123456789")}}
    for path in ("work_dirs/demo/epoch_1.pth", "theirs.pth"):
        serialization.save({"state_dict": weights, "meta": meta}, path)
    Path("data/digits/val/7").mkdir(parents=True)
    cv2.imwrite("data/digits/val/7/0004.png", np.zeros((8, 8), np.uint8))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("data")
def test_examples_run(page, request):
    if page in ("first_training.md", "security.md"):
        request.getfixturevalue("run")
    configs = [block for block in blocks(page) if "read_base()" in block]
    scripts = [block for block in blocks(page) if block not in configs]
    for number, text in enumerate(configs):
        path = Path(f"configs/own/{number}.py")
        path.write_text(text)
        assert Config.fromfile(str(path))
    try:
        exec(compile("\n".join(scripts), page, "exec"), {"__name__": "example"})
    finally:
        for registry, name in REGISTERED.get(page, []):
            registry.module_dict.pop(name, None)


def slug(heading: str) -> str:
    """Return the anchor that MkDocs gives a heading in English."""
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.replace("`", "")).strip().lower())


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_links(page):
    """Links lead to pages, and to headings on them."""
    text = re.sub(r"```.*?```", "", (DOCS / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text):
        path = DOCS / (target or page)
        assert path.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), f"{target}#{anchor}"


def test_every_page_is_in_the_menu_and_on_the_front_page():
    menu = (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8")
    front = (DOCS / "index.md").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert page.name in menu
        assert f"({page.name})" in front or page.name == "index.md" or ".zh-CN." in page.name, page.name


@pytest.mark.parametrize("page", TRANSLATED)
def test_translated_pages(page):
    """They show examples of the English page, comments apart, and both lead to each other."""
    english = page.replace(".zh-CN", "")
    shown, known = ([re.sub("#.*", "", block) for block in blocks(name)] for name in (page, english))
    assert [block for block in shown if block not in known] == []
    assert f"[English]({english})" in (DOCS / page).read_text(encoding="utf-8")
    assert f"[中文]({page})" in (DOCS / english).read_text(encoding="utf-8")
