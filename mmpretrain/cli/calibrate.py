"""``mmpretrain calibrate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmpretrain.cli.options import checkpoint_in
from mmpretrain.cli.outputs import Force
from mmpretrain.cli.say import say, shown
from mmpretrain.cli.shortcuts import BatchSize, Device, Workers
from mmpretrain.errors import CheckpointError, ConfigError
from mmpretrain.utils.text import cell

if TYPE_CHECKING:
    from torch import Tensor

    from mmpretrain.uncertainty.calibration import Calibration
    from mmpretrain.uncertainty.fitting import Settings, Summary
    from mmpretrain.uncertainty.intervals import IntervalCalibration, IntervalSummary
    from mmpretrain.uncertainty.outputs import Outputs
    from mmpretrain.uncertainty.stored import AnyCalibration


class ScalingOption(str, Enum):
    """How scores become probabilities."""

    temperature = "temperature"
    vector = "vector"
    none = "none"


class SetsOption(str, Enum):
    """How sets of classes are made."""

    aps = "aps"
    raps = "raps"


class OodOption(str, Enum):
    """How unlikeness is scored."""

    auto = "auto"
    energy = "energy"
    mahalanobis = "mahalanobis"
    layers = "layers"
    knn = "knn"
    none = "none"


def calibrate(
    checkpoint: Annotated[
        str,
        typer.Argument(metavar="CKPT", help="A checkpoint: a file, the folder of a run, a zoo name."),
    ],
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="VAL",
            help="Labelled images that the model was not trained on: a folder of class folders, a list; by "
            "default those for validation in the config.",
        ),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option("--config", metavar="CONFIG", help="The config, if the checkpoint holds none."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.pth", help="Where to write; by default NAME_calibrated.pth beside CKPT."),
    ] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Write into the checkpoint itself.")] = False,
    coverage: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            help="Share of images whose set contains the right class, or whose interval the right number.",
        ),
    ] = 0.9,
    scaling: Annotated[
        ScalingOption | None,
        typer.Option(help="One temperature (the default), or a scale and a shift for each class."),
    ] = None,
    sets: Annotated[
        SetsOption | None,
        typer.Option(
            help="Adaptive sets (the default), or regularized ones, which are smaller with many classes."
        ),
    ] = None,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="Sets without noise: never empty, and a little larger.")
    ] = False,
    ood: Annotated[
        OodOption, typer.Option(help="How to score that an image is unlike these.")
    ] = OodOption.auto,
    ood_share: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of usual images that may be taken for unlike ones.")
    ] = 0.05,
    batch_size: BatchSize = None,
    workers: Workers = None,
    device: Device = None,
    force: Force = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run the config inside of the checkpoint as code.")
    ] = False,
) -> None:
    """Teach a model to say when it does not know.

    Learns from labelled images how far its scores are probabilities, how large sets of classes must be to
    contain the right one, and what usual images look like. Of a model that predicts numbers, it learns how
    wide intervals must be. All of it is stored in the checkpoint, which `predict` and Python use.

    Examples:

    `mmpretrain calibrate work_dirs/my_run --data photos/val`

    `mmpretrain calibrate best.pth --data val.csv --coverage 0.95 --sets raps --out best_calibrated.pth`
    """
    source = checkpoint_in(checkpoint)
    target = target_file(source, out, in_place=in_place, force=force)
    from mmpretrain import checkpoints
    from mmpretrain.apis.model import open_model
    from mmpretrain.checkpoints.layouts import weights_of
    from mmpretrain.checkpoints.serialization import save
    from mmpretrain.uncertainty.fitting import Settings
    from mmpretrain.uncertainty.outputs import check_task, predicts_values
    from mmpretrain.uncertainty.stored import fingerprint, with_calibration

    settings = Settings(
        scaling.value if scaling else "temperature", sets.value if sets else "aps",
        not deterministic, coverage, ood.value, ood_share,
    )  # fmt: skip
    model = open_model(config or source, source if config else None, device, trust=trust)
    check_task(model)
    if predicts_values(model):
        check_options_of_values({"--scaling": scaling, "--sets": sets, "--deterministic": deterministic})
    content = checkpoints.read(checkpoints.find(source))
    outputs = run(model, data, batch_size, workers)
    calibration = learn(outputs, settings, fingerprint(weights_of(content)), model._dataset_meta)
    save(with_calibration(savable(content, model, source), calibration), target)
    say(f"Wrote {shown(target)}. Next:")
    say(f"  mmpretrain predict IMAGE --model {shown(target)} --coverage {coverage:g} --reject")


def check_options_of_values(given: Mapping[str, Any]) -> None:
    """Refuse options about classes, for a model that predicts numbers.

    Raises:
        ConfigError: If one of them is given.
    """
    for option, value in given.items():
        if value:
            raise ConfigError("this is about classes, and the model predicts numbers", where=option)


def learn(
    outputs: Outputs, settings: Settings, weights: str, meta: Mapping[str, Any] | None
) -> AnyCalibration:
    """Learn a calibration of classes or of numbers, and print what was learned."""
    from mmpretrain.structures import value_names
    from mmpretrain.uncertainty.fitting import calibrate
    from mmpretrain.uncertainty.intervals import calibrate_values

    if outputs.labels.is_floating_point():
        intervals, found = calibrate_values(outputs, settings, weights)
        tell_values(intervals, found, value_names(meta, len(found.error)))
        return intervals
    calibration, summary = calibrate(outputs, settings, weights)
    tell(calibration, summary)
    tell_absent(outputs.labels, calibration.classes, (meta or {}).get("classes"))
    return calibration


def target_file(source: str, out: Path | None, *, in_place: bool, force: bool) -> Path:
    """Return the file to write.

    Raises:
        ConfigError: If it is there and shall not be overwritten, or cannot hold a calibration.
    """
    from mmpretrain.cli.outputs import new_file

    if in_place:
        if out is not None:
            raise ConfigError(
                "it writes into the checkpoint itself", where="--in-place", hint="Leave out --out."
            )
        if not Path(source).is_file():
            raise ConfigError(
                f"{source!r} is no file that could be changed", where="--in-place", hint="Use --out."
            )
    name = Path(source.rstrip("/").rpartition("/")[2]).with_suffix("").name
    beside = Path(source).parent if Path(source).is_file() else Path()
    path = Path(source) if in_place else out or beside / f"{name}_calibrated.pth"
    if path.suffix != ".pth":
        raise ConfigError(
            f"{str(path)!r} cannot hold a calibration, which needs a .pth file",
            where="--in-place" if in_place else "--out",
            hint="Use --out NAME.pth.",
        )
    return new_file(path, "--out", force=force or in_place)


def run(model: Any, data: str | None, batch_size: int | None, workers: int | None) -> Outputs:
    """Run a model over labelled images, with a progress bar."""
    from mmpretrain.apis.labelled import label_map, labelled_loader
    from mmpretrain.datasets.from_spec import held_out_from_spec
    from mmpretrain.datasets.labelled_dataset import as_labelled, with_values
    from mmpretrain.structures import value_names
    from mmpretrain.uncertainty.outputs import collect_outputs, predicts_values
    from mmpretrain.utils.progress import track

    dataset = None if data is None else held_out_from_spec(data)
    meta = model._dataset_meta or {}
    values = predicts_values(model)
    if dataset is not None and values:
        dataset = with_values(dataset, value_names(meta, model.head.num_values))
    elif dataset is not None:
        dataset = as_labelled(dataset)
    loader = labelled_loader(model, dataset, batch_size, workers)
    labels = None if values else label_map(loader.dataset, meta.get("classes"))
    outputs = collect_outputs(model, track(loader, "calibrate"), len(loader.dataset), spoil=True)
    return outputs if labels is None else outputs._replace(labels=labels[outputs.labels])


def savable(content: dict[str, Any], model: Any, source: str) -> dict[str, Any]:
    """Return what of a checkpoint can be written again: all of it, unless it holds unknown objects.

    Raises:
        CheckpointError: If its weights or metadata hold them.
    """
    from mmpretrain.checkpoints.layouts import weights_of
    from mmpretrain.checkpoints.meta import meta_of
    from mmpretrain.checkpoints.serialization import holds_placeholder

    if holds_placeholder(content):
        content = {key: content[key] for key in ("meta", "state_dict") if key in content}
        if "state_dict" not in content or holds_placeholder(content):
            raise CheckpointError(
                f"{source} holds objects of classes that are not known here, and cannot be written again",
                hint="Publish it first: mmpretrain publish CKPT OUT.pth",
            )
    if "state_dict" not in content:
        content = {"state_dict": weights_of(content), "meta": meta_of(content)}
    meta = {**meta_of(content)}
    if not isinstance(meta.get("cfg") or meta.get("config"), (str, dict)):
        meta["cfg"] = model._config.pretty_text
    if not meta.get("dataset_meta") and "CLASSES" not in meta and model._dataset_meta:
        meta["dataset_meta"] = dict(model._dataset_meta)
    return {**content, "meta": meta}


def tell(calibration: Calibration, summary: Summary) -> None:
    """Print what was learned."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", "before", "after", title=f"{summary.images} images", title_justify="left")
    table.add_row("negative log-likelihood", *(f"{value:.4f}" for value in summary.nll))
    table.add_row("expected calibration error", *(f"{100 * value:.2f} %" for value in summary.ece))
    Console().print(table)
    if not summary.scaled:
        say("Scaling makes held-out images less likely, so the scores stay as they are (temperature 1)")
    elif len(calibration.scaling.weight) == 1:
        say(f"Temperature: {1 / float(calibration.scaling.weight):.3f}")
    say(
        f"Sets at a coverage of {calibration.coverage:.0%}: {summary.mean_size:.2f} classes on average, "
        f"{summary.single:.1%} with one class, {summary.empty:.1%} empty"
    )
    if calibration.randomized and summary.accuracy > calibration.coverage:
        say(
            f"The model is right on {summary.accuracy:.1%} of these images, more than the coverage, so some "
            "sets are empty. Ask for a higher --coverage, or for --deterministic."
        )
    tell_detector(calibration, summary.auroc)


def tell_values(calibration: IntervalCalibration, summary: IntervalSummary, names: Sequence[str]) -> None:
    """Print what was learned about a model that predicts numbers."""
    from rich.console import Console
    from rich.table import Table

    title = f"{summary.images} images, intervals at a coverage of {calibration.coverage:.0%}"
    table = Table("value", "mean absolute error", "mean width", title=title, title_justify="left")
    for name, error, width in zip(names, summary.error, summary.width):
        table.add_row(cell(name), f"{error:.4g}", f"{width:.4g}")
    Console().print(table)
    if summary.constant:
        say("Features do not tell which images have larger errors, so all intervals are equally wide")
    else:
        same = ", ".join(f"{width:.4g}" for width in summary.same)
        say(f"The width follows the image; intervals of one width would need {same}")
    tell_detector(calibration, summary.auroc)


def tell_absent(labels: Tensor, count: int, names: Sequence[str] | None) -> None:
    """Name the classes without an image, about which the coverage says nothing."""
    absent = (labels.bincount(minlength=count) == 0).nonzero().flatten().tolist()
    if absent:
        named = [str(names[k]) if names is not None and len(names) == count else str(k) for k in absent]
        more = f" and {len(named) - 8} more" if len(named) > 8 else ""
        say(f"There is no image of {', '.join(named[:8])}{more}: the coverage says nothing about them")


def tell_detector(calibration: AnyCalibration, auroc: Mapping[str, float]) -> None:
    """Print how unlike images are found."""
    if calibration.detector is not None:
        scores = ", ".join(f"{kind} {value:.3f}" for kind, value in auroc.items())
        told = f" (AUROC on spoilt images: {scores})" if scores else ""
        say(f"Unlike images are found by {calibration.detector.kind}{told}")
