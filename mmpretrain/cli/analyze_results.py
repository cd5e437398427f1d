"""``mmpretrain analyze-results``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument, load_config
from mmpretrain.cli.outputs import Force, new_folder
from mmpretrain.cli.say import say

if TYPE_CHECKING:
    from mmpretrain.evaluation.verdicts import Verdict


def analyze_results(
    config: ConfigArgument,
    result: Annotated[
        str,
        typer.Argument(
            metavar="RESULT",
            help="Predictions: `test CONFIG CKPT --out result.pkl`, or the folder of a run that was tested.",
        ),
    ],
    out_dir: Annotated[Path, typer.Option(metavar="DIR", help="Where to save pictures and lists.")],
    topk: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many right and wrong ones to save.")
    ] = 20,
    order: Annotated[
        Literal["highest", "lowest"], typer.Option(help="Begin with the highest scores, or with the lowest.")
    ] = "highest",
    rescale_factor: Annotated[
        float | None,
        typer.Option("--rescale-factor", "-r", metavar="FACTOR", min=0.01, help="Scale the images."),
    ] = None,
    force: Force = False,
    cfg_options: CfgOptions = None,
) -> None:
    """Save pictures of the correct and of the wrong predictions with the highest scores.

    `DIR/success` and `DIR/fail` hold pictures, and `success.json` and `fail.json` with labels and scores.

    Example:

    `mmpretrain analyze-results lenet5_digits result.pkl --out-dir mistakes --topk 10`
    """
    from mmpretrain.analysis import datasets, results

    folder = new_folder(out_dir, "--out-dir", force=force)
    records = results.load_results(result)
    dataset = datasets.build_dataset(load_config(config, cfg_options))
    results.add_labels(records, dataset)
    found = results.verdicts(records)
    names = list((getattr(dataset, "metainfo", None) or {}).get("classes") or ()) or None
    for name, right in (("success", True), ("fail", False)):
        chosen = results.select(found, right=right, count=topk, order=order)
        _save(folder / name, name, chosen, records, dataset, names, rescale_factor)
    correct = sum(verdict.right for verdict in found)
    say(f"{correct} of {len(found)} predictions are right ({100 * correct / len(found):.2f} %).")
    say(f"Saved pictures and lists in {folder / 'success'} and {folder / 'fail'}.")


def _save(
    folder: Path,
    name: str,
    chosen: Sequence[Verdict],
    records: Sequence[dict[str, Any]],
    dataset: Any,
    classes: Sequence[str] | None,
    rescale_factor: float | None,
) -> None:
    from mmpretrain.apis.base import picture_names
    from mmpretrain.structures import DataSample
    from mmpretrain.utils.atomic import write_atomic
    from mmpretrain.utils.progress import track
    from mmpretrain.visualization import UniversalVisualizer

    folder.mkdir(parents=True, exist_ok=True)
    visualizer = UniversalVisualizer()
    paths = [records[verdict.index].get("img_path") or f"{verdict.index:06d}" for verdict in chosen]
    entries = []
    for verdict, path, picture in track(list(zip(chosen, paths, picture_names(paths))), name):
        record = records[verdict.index]
        sample = DataSample().set_gt_label(record["gt_label"]).set_pred_label(list(verdict.predicted))
        sample.set_pred_score(record["pred_score"])
        visualizer.visualize_cls(
            _image(dataset, verdict.index, record), sample, classes, rescale_factor=rescale_factor,
            out_file=folder / picture,
        )  # fmt: skip
        entries.append(
            {
                "filename": path,
                "pred_label": list(verdict.predicted),
                "pred_class": _name(classes, verdict.predicted[0]),
                "gt_label": list(verdict.actual),
                "gt_class": [_name(classes, label) for label in verdict.actual],
                "pred_score": record["pred_score"].tolist(),
            }
        )
    text = json.dumps(entries, indent=2)
    write_atomic(folder / f"{name}.json", lambda file: file.write(text.encode()))


def _name(classes: Sequence[str] | None, label: int) -> str | None:
    return classes[label] if classes is not None and 0 <= label < len(classes) else None


def _image(dataset: Any, index: int, record: dict[str, Any]) -> Any:
    """Read the image of a sample: ``(H, W, 3)``, RGB."""
    from mmpretrain.analysis.samples import load_image
    from mmpretrain.errors import DataError

    place = record.get("sample_idx", index)
    if not isinstance(place, int) or not 0 <= place < len(dataset):
        place = index
    if place >= len(dataset):
        raise DataError(
            f"The results have a sample {place}, and the test data {len(dataset)} samples",
            hint="Give the config with which the results were made.",
        )
    return load_image(dataset, place)
