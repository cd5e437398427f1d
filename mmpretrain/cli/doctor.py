"""``mmpretrain doctor``."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmpretrain.utils.former import FORMER

if TYPE_CHECKING:
    from rich.table import Table

#: Core packages, and what each is for.
CORE = {
    "torch": "tensors and training",
    "numpy": "arrays",
    "opencv-python-headless": "image transforms",
    "pillow": "image decoding and drawing",
    "simplejpeg": "fast JPEG decoding",
    "fsspec": "storage",
    "safetensors": "safe checkpoints",
    "matplotlib": "plots",
}

#: Optional packages: module to import -> (distribution, extra of mmpretrain, what it brings).
OPTIONAL = {
    "tensorboard": ("tensorboard", "tensorboard", "TensorBoard logs"),
    "wandb": ("wandb", "wandb", "Weights & Biases logs"),
    "mlflow": ("mlflow-skinny", "mlflow", "MLflow logs"),
    "sklearn": ("scikit-learn", "tsne", "t-SNE plots, CAM smoothing"),
    "timm": ("timm", "timm", "timm backbones"),
    "transformers": ("transformers", "transformers", "Hugging Face classifiers"),
    "fastapi": ("fastapi", "serve", "the example of a server in docs/commands.md"),
}

#: Packages of the original whose import names this project shares or replaces.
REPLACED = (*sorted(FORMER), "mmcv-full", "mmcv-lite", "openmim")


@dataclass(frozen=True)
class Finding:
    """One line of the report: a name, what was found, and what to do if that is a problem."""

    name: str
    value: str
    ok: bool = True
    advice: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, to paste into an issue.")] = False,
) -> None:
    """Say what this machine has, what is missing, and how to get it.

    The exit code is 1 when something that training needs does not work.

    Example: `mmpretrain doctor`
    """
    sections = {
        "system": list(system()),
        "core packages": list(core_packages()),
        "devices": list(devices()),
        "optional packages": list(optional_packages()),
        "weights cache": list(weights_cache()),
    }
    if as_json:
        import json

        typer.echo(json.dumps({name: [vars(item) for item in found] for name, found in sections.items()}))
    else:
        from rich.console import Console

        console = Console(soft_wrap=True)
        for name, found in sections.items():
            console.print(_table(name, found))
    broken = [item for name in ("core packages", "devices") for item in sections[name] if not item.ok]
    if broken:
        raise typer.Exit(1)


def _table(title: str, found: list[Finding]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", title_style="bold", show_header=False, box=None, pad_edge=False
    )
    for item in found:
        mark = "[green]ok[/]" if item.ok else "[yellow]--[/]"
        table.add_row(f"  {mark}", item.name, escape(item.value), f"[dim]{escape(item.advice)}[/]")
    return table


def system() -> Iterator[Finding]:
    """Versions of Python, the system and this package, and packages that get in each other's way."""
    import platform
    import shutil

    from mmpretrain import __version__

    yield Finding("mmpretrain", f"{__version__} ({Path(__file__).parents[1]})")
    yield Finding("Python", f"{platform.python_version()} ({sys.executable})")
    yield Finding("platform", f"{platform.platform()}, {os.cpu_count()} CPU cores")
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    yield Finding(
        "free disk", f"{free:.0f} GiB", ok=free > 2, advice="" if free > 2 else "checkpoints need room"
    )
    for name in REPLACED:
        version = _version(name)
        if version is not None:
            yield Finding(name, version, ok=False, advice="not needed any more: its parts are in mmpretrain")


def core_packages() -> Iterator[Finding]:
    """Whether each core package imports."""
    modules = {"opencv-python-headless": "cv2", "pillow": "PIL"}
    for name, purpose in CORE.items():
        problem = _import_problem(modules.get(name, name))
        version = _version(name) or _version("opencv-python" if "opencv" in name else name) or "not installed"
        yield Finding(name, version, ok=not problem, advice=problem or purpose)


def devices() -> Iterator[Finding]:
    """What torch can compute on."""
    if _import_problem("torch"):
        return
    import torch

    yield Finding("CPU", f"{torch.get_num_threads()} threads")
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(index)
            memory = properties.total_memory / 2**30
            yield Finding(f"cuda:{index}", f"{properties.name}, {memory:.0f} GiB, CUDA {torch.version.cuda}")
    elif torch.version.cuda:
        driver = _nvidia_driver()
        advice = (
            f"driver {driver} may be too old for CUDA {torch.version.cuda}" if driver else "no NVIDIA driver"
        )
        yield Finding("cuda", "not available", advice=advice)
    else:
        yield Finding("cuda", "this torch is a CPU build", advice="see https://pytorch.org/get-started")
    if torch.backends.mps.is_available():
        yield Finding("mps", "available")


def optional_packages() -> Iterator[Finding]:
    """Which extras are there."""
    for module, (distribution, extra, purpose) in OPTIONAL.items():
        version = _version(distribution) or _version(module)
        if version is None:
            yield Finding(
                distribution,
                "not installed",
                ok=False,
                advice=f"{purpose}: pip install 'mmpretrain[{extra}]'",
            )
        else:
            yield Finding(distribution, version, advice=purpose)


def weights_cache() -> Iterator[Finding]:
    """Where downloaded weights are kept."""
    from mmpretrain.checkpoints.cache import cache_dir

    folder = cache_dir()
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    size = sum(path.stat().st_size for path in files) / 2**20
    value = f"{folder} ({len(files)} files, {size:.0f} MiB)" if files else f"{folder} (empty)"
    yield Finding("folder", value, advice="set MMPRETRAIN_CACHE to move it")


def _version(distribution: str) -> str | None:
    from importlib import metadata  # costs a tenth of the time that --help may take

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _import_problem(module: str) -> str | None:
    """Return why a module does not import, in one line, or None."""
    try:
        importlib.import_module(module)
    except Exception as error:  # a broken binary fails in any way
        return f"does not import: {error}".splitlines()[0]
    return None


def _nvidia_driver() -> str | None:
    import shutil
    import subprocess

    if shutil.which("nvidia-smi") is None:
        return None
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    return subprocess.run(query, capture_output=True, text=True).stdout.strip() or None
