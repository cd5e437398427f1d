"""``mmpretrain audit``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmpretrain.cli.options import checkpoint_in
from mmpretrain.cli.outputs import Force, new_folder
from mmpretrain.cli.say import say, shown
from mmpretrain.cli.shortcuts import Device
from mmpretrain.errors import ConfigError
from mmpretrain.utils.text import cell

if TYPE_CHECKING:
    import torch

    from mmpretrain.audit.findings import Audit, Kind
    from mmpretrain.audit.samples import Samples


def audit(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="Labelled images: a folder of class folders, perhaps below train and val; a list; ...",
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="Whose features tell labels and outliers: a checkpoint, the folder of a run, a zoo name; by "
            "default thumbnails do.",
        ),
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option(metavar="CKPT", help="Weights, if MODEL is a config or a name.")
    ] = None,
    predictions: Annotated[
        str | None,
        typer.Option(
            metavar="RECORD",
            help="Predictions to judge labels by, such as the train_predictions of a run, beside its log.",
        ),
    ] = None,
    val: Annotated[
        str | None, typer.Option(metavar="DATA", help="Images for validation, if DATA does not have them.")
    ] = None,
    out: Annotated[
        str, typer.Option(metavar="DIR", help="Where to write audit.csv, audit.yaml and audit.html.")
    ] = "audit",
    leave_out: Annotated[
        str,
        typer.Option(metavar="KINDS", help="What audit.yaml leaves out: leak,duplicate,label,...; or none."),
    ] = "unreadable,leak,duplicate",
    turned: Annotated[
        bool, typer.Option("--turned", help="Count mirrored and turned pictures as duplicates, too.")
    ] = False,
    page: Annotated[bool, typer.Option("--page/--no-page", help="Write audit.html.")] = True,
    device: Device = None,
    force: Force = False,
) -> None:
    """Look for duplicates, leaks, wrong labels, outliers and odd images in a data set.

    Examples:

    `mmpretrain audit photos/`

    `mmpretrain audit photos/ --model work_dirs/my_run --leave-out leak,duplicate,label --out photos_audit`
    """
    kinds = parse_kinds(leave_out)
    folder = new_folder(out, "--out", force=force)
    from mmpretrain.audit import audit as run_audit
    from mmpretrain.audit import files
    from mmpretrain.audit.page import write_page
    from mmpretrain.audit.samples import Samples
    from mmpretrain.datasets.labelled import read_labelled
    from mmpretrain.utils.progress import track

    samples = Samples.of(read_labelled(data, val=val))
    features, basis = (None, "") if model is None else features_of(samples, model, checkpoint, device)
    probs = None if predictions is None else predictions_of(samples, predictions)
    found = run_audit(
        samples,
        features=features,
        probs=probs,
        basis=basis,
        turned=turned,
        watch=lambda items: track(items, "read", len(samples)),
    )
    root = root_of(data)
    folder.mkdir(parents=True, exist_ok=True)
    files.write_table(found, root, folder / files.TABLE)
    count = files.write_list(found, root, folder / files.LIST, kinds)
    if page:
        write_page(found, root, folder / files.PAGE)
    tell(found, root)
    for name in (files.TABLE, files.LIST, *((files.PAGE,) if page else ())):
        say(f"Wrote {shown(folder / name)}")
    say(f"A data set leaves {count} of {len(samples)} samples out with audit={str(folder / files.LIST)!r}")


def parse_kinds(text: str) -> list[Kind]:
    """Return the kinds of findings that a list names.

    Raises:
        ConfigError: If it names others.
    """
    from mmpretrain.audit.findings import KINDS
    from mmpretrain.utils.suggest import did_you_mean

    names = [name.strip() for name in text.split(",") if name.strip() and text.strip() != "none"]
    wrong = next((name for name in names if name not in KINDS), None)
    if wrong is not None:
        raise ConfigError(
            f"there is no kind of finding {wrong!r}",
            where="--leave-out",
            hint=did_you_mean(wrong, KINDS) or f"Kinds are {', '.join(KINDS)}; or none.",
        )
    return [kind for kind in KINDS if kind in names]


def root_of(data: str) -> str:
    """Return the folder that names of samples are relative to."""
    path = os.path.expanduser(data)
    if os.path.isdir(path) or "://" in path:
        return path
    return os.path.dirname(path) or "."


def features_of(
    samples: Samples, model: str, checkpoint: str | None, device: str | None
) -> tuple[torch.Tensor, str]:
    """Return the features that a model makes of samples, (N, D), and where they come from."""
    import torch

    from mmpretrain.apis import FeatureExtractor
    from mmpretrain.utils.progress import track

    source = checkpoint_in(model) if checkpoint is None else model
    extract = FeatureExtractor(source, checkpoint, device)
    stage = "pre_logits" if hasattr(getattr(extract.model, "head", None), "pre_logits") else "neck"
    images = [samples.source(index) for index in range(len(samples))]
    usable = [image for image in images if image is not None]
    rows: list[torch.Tensor] = []
    for answer in track(extract.stream(usable, batch_size=32, stage=stage), "features", len(usable)):
        rows.append(_as_vector(answer.result) if answer.error is None else torch.zeros(0))
    size = max((len(row) for row in rows), default=0)
    if not size:
        raise ConfigError(f"{model!r} makes no features of these images", where="--model")
    found = iter(row if len(row) == size else torch.zeros(size) for row in rows)
    features = [torch.zeros(size) if image is None else next(found) for image in images]
    return torch.stack(features), f"features of {model}"


def predictions_of(samples: Samples, record: str) -> torch.Tensor:
    """Return the recorded probabilities of samples, (N, C); NaN for those that are not in the record.

    Raises:
        ConfigError: If the record is one of other classes or other images.
    """
    import torch

    from mmpretrain.evaluation.record import Record

    known = Record.load(record)
    if len(samples.classes) != known.scores.shape[1] or set(known.classes) - set(samples.classes):
        raise ConfigError(
            f"the predictions are about {known.scores.shape[1]} classes, the data about "
            f"{len(samples.classes)}, or their names differ",
            where="--predictions",
        )
    columns = [known.classes.index(name) for name in samples.classes] if known.classes else ...
    scores = torch.from_numpy(known.scores)[:, columns]
    place = {os.path.abspath(path): row for row, path in enumerate(known.paths)}
    rows = [place.get(os.path.abspath(name)) for name in samples.names]
    if all(row is None for row in rows):
        raise ConfigError(
            "none of the predictions is about these images",
            where="--predictions",
            hint="Relative paths in a record count from the folder in which the run was started.",
        )
    probs = torch.full((len(samples), len(samples.classes)), torch.nan)
    for index, row in enumerate(rows):
        if row is not None:
            probs[index] = scores[row]
    return probs


def _as_vector(features: Any) -> torch.Tensor:
    """Return the features of an image as one vector: of several stages the last, of maps the mean."""
    last = features[-1] if isinstance(features, tuple) else features
    return last.float().cpu() if last.ndim == 1 else last.float().flatten(1).mean(1).cpu()


def tell(found: Audit, root: str) -> None:
    """Print what was found: a table with the clearest example of each kind, and notes."""
    from rich.console import Console
    from rich.table import Table

    from mmpretrain.audit.files import rows_of, summary_of

    rows = rows_of(found, root)
    table = Table("finding", "images", "which means", "clearest")
    for kind, count, meaning in summary_of(found):
        first = next(row for row in rows if row["kind"] == kind)
        example = first["name"]
        if first["suggested"]:
            example += f" ({first['class']}, probably {first['suggested']})"
        elif first["other"]:
            example += f" = {first['other']}"
        table.add_row(*map(cell, (kind, str(count), meaning, example)))
    if table.row_count:
        Console(soft_wrap=True).print(table)
    else:
        say(f"Nothing is odd about these {len(found.samples)} images")
    for note in found.notes:
        say(note)
    if found.basis and (found.counts["label"] or found.counts["outlier"]):
        say(f"Labels and outliers rest on {found.basis}")
