"""``mmpretrain eval-metric``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mmpretrain.cli.argv import SEPARATOR
from mmpretrain.cli.options import CfgOptions, load_config
from mmpretrain.cli.outputs import Force, new_file


def eval_metric(
    context: typer.Context,
    results: Annotated[
        list[str],
        typer.Argument(
            metavar="[CONFIG] RESULT",
            help="Predictions: `test CONFIG CKPT --out result.pkl`, or the folder of a run that was tested.",
        ),
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE...", help="A metric: `--metric type=Accuracy topk=1,5`; may be repeated."
        ),
    ] = None,
    metrics: Annotated[
        list[str] | None, typer.Option(metavar="NAME...", help="Metrics by name, as in 0.x; needs CONFIG.")
    ] = None,
    metric_options: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE...", help="Options of --metrics: topk=1.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the values: .json, .yaml or .pkl.")
    ] = None,
    force: Force = False,
    cfg_options: CfgOptions = None,
) -> None:
    """Compute metrics of saved predictions, without the model and the images.

    A config names the metrics where no option does, and the labels where the predictions have none (0.x).

    Examples:

    `mmpretrain eval-metric result.pkl --metric type=Accuracy topk=1,5 --metric type=SingleLabelMetric`

    `mmpretrain eval-metric lenet5_digits result.pkl`
    """
    from mmpretrain.analysis import datasets
    from mmpretrain.analysis.results import add_labels, load_results
    from mmpretrain.cli.test import print_metrics, use_metrics, write_metrics
    from mmpretrain.errors import ConfigError
    from mmpretrain.evaluation import Evaluator

    if len(results) > 2:
        raise ConfigError(f"give a config and a file of results, got {len(results)} arguments")
    if out is not None:
        out = new_file(out, "--out", force=force, suffixes=(".json", ".yaml", ".yml", ".pkl"))
    cfg = load_config(results[0], cfg_options) if len(results) == 2 else None
    records = load_results(results[-1])
    if cfg is not None:
        add_labels(records, datasets.build_dataset(cfg))
    wanted: Any = [_parse(item) for item in metric or ()]
    if metrics and cfg is not None:
        use_metrics(cfg, metrics, metric_options or [])
        wanted += cfg.test_evaluator
    elif metrics:
        wanted += [{"type": name} for name in metrics]
    elif not wanted:
        wanted = cfg.get("test_evaluator") if cfg is not None else None
    if not wanted:
        raise ConfigError(
            "no metric is named",
            hint="Name one: --metric type=Accuracy topk=1,5; or give a config with test_evaluator.",
        )
    evaluator = Evaluator(wanted)
    if cfg is not None:
        evaluator.dataset_meta = {"classes": datasets.class_names(cfg)}
    values = evaluator.offline_evaluate(records)
    print_metrics(values)
    if out is not None:
        write_metrics(values, out)


def _parse(item: str) -> dict[str, Any]:
    """Turn ``type=Accuracy topk=1,5`` into the config of a metric."""
    from mmpretrain.config import parse_options
    from mmpretrain.errors import ConfigError

    first, *others = item.split(SEPARATOR)
    options = parse_options([first if "=" in first else f"type={first}", *others])
    if not isinstance(options.get("type"), str):
        raise ConfigError(f"a metric has a type, got {' '.join(item.split(SEPARATOR))!r}", where="--metric")
    return options
