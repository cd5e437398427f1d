"""``mmpretrain test``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mmpretrain.cli import records, shortcuts
from mmpretrain.cli.options import (
    Amp,
    CfgOptions,
    ConfigArgument,
    Data,
    Gpus,
    Launcher,
    LocalRank,
    MasterAddr,
    MasterPort,
    Nnodes,
    NodeRank,
    SkipBad,
    WorkDir,
    checkpoint_in,
    load_config,
    relaunch,
)
from mmpretrain.cli.say import say, shown
from mmpretrain.cli.shortcuts import BatchSize, Cache, CacheSize, Device, Loading, Workers
from mmpretrain.cli.testing_options import (
    Checkpoint,
    Interval,
    MetricOptions,
    Metrics,
    NoPinMemory,
    Out,
    OutItem,
    OutItemOption,
    Page,
    Show,
    ShowDir,
    TestTimeAugmentation,
    WaitTime,
)
from mmpretrain.errors import ConfigError
from mmpretrain.utils.text import cell, visible

if TYPE_CHECKING:
    from mmpretrain.config import Config
    from mmpretrain.engine.runner.runner import Runner

OUT_SUFFIXES = (".json", ".yaml", ".yml", ".pkl", ".pickle")


def test(
    context: typer.Context,
    config: ConfigArgument,
    checkpoint: Checkpoint = None,
    work_dir: WorkDir = None,
    data: Data = None,
    out: Out = None,
    out_item: OutItemOption = None,
    cfg_options: CfgOptions = None,
    amp: Amp = False,
    skip_bad: SkipBad = False,
    batch_size: BatchSize = None,
    device: Device = None,
    workers: Workers = None,
    cache: Cache = None,
    cache_size: CacheSize = None,
    metrics: Metrics = None,
    metric_options: MetricOptions = None,
    show_dir: ShowDir = None,
    show: Show = False,
    interval: Interval = 1,
    wait_time: WaitTime = 2,
    page: Page = True,
    no_pin_memory: NoPinMemory = False,
    tta: TestTimeAugmentation = False,
    gpus: Gpus = None,
    nnodes: Nnodes = 1,
    node_rank: NodeRank = 0,
    master_addr: MasterAddr = None,
    master_port: MasterPort = None,
    launcher: Launcher = "none",
    local_rank: LocalRank = 0,
) -> None:
    """Test a checkpoint.

    Examples:
    `mmpretrain test work_dirs/lenet5_digits`

    `mmpretrain test lenet5_digits work_dirs/lenet5_digits/best_accuracy_top1_epoch_18.pth`

    `mmpretrain test CONFIG CKPT --out metrics.json`

    `mmpretrain test CONFIG CKPT --out predictions.pkl --out-item pred`
    """
    if gpus is not None and launcher == "none":
        relaunch(context)
    import os

    os.environ.setdefault("LOCAL_RANK", str(local_rank))
    cfg = load_config(config, cfg_options, work_dir)
    use_checkpoint(cfg, config, checkpoint)
    shortcuts.apply(cfg, ("test",), batch_size=batch_size, device=device, workers=workers)
    cfg.launcher = launcher
    if data is not None:
        use_other_data(cfg, data, run=Path(config).is_dir())
    if metrics:
        use_metrics(cfg, metrics, metric_options or [])
    Loading(cache=cache, cache_size=cache_size).apply(cfg, ("test",))
    prepare(cfg, amp=amp, tta=tta, skip_bad=skip_bad, pin_memory=not no_pin_memory)
    if show or show_dir is not None:
        draw_predictions(cfg, show=show, show_dir=show_dir, interval=interval, wait_time=wait_time)
    saves_predictions = _check_out(out, out_item)
    if out is not None and saves_predictions:
        add_metric(cfg, {"type": "DumpResults", "out_file_path": out})
    results = run(cfg, page=page)
    if out is not None and not saves_predictions:
        write_metrics(results, Path(out))


def use_checkpoint(cfg: Config, config: str, checkpoint: str | None) -> None:
    """Take the weights of a checkpoint; by default those of the run whose folder or config is given.

    Raises:
        ConfigError: If there is none.
    """
    from mmpretrain.config.source import Source

    if checkpoint is None and Path(config).is_dir():
        checkpoint = config
    if checkpoint is None and not Path(cfg.work_dir).is_dir():
        raise ConfigError(
            f"no checkpoint is named, and there is no work folder {cfg.work_dir!r} to look for one",
            hint="Name one: mmpretrain test CONFIG CKPT",
        )
    cfg.merge_from_dict({"load_from": checkpoint_in(checkpoint or cfg.work_dir)}, source=Source("CHECKPOINT"))
    cfg.resume = False


def use_other_data(cfg: Config, data: str, *, run: bool) -> None:
    """Test on other data; on all of them, if a run says that it was trained on others."""
    from mmpretrain.cli.overrides import use_data
    from mmpretrain.datasets.exchange import images_of, use_all_for_test

    trained_on = images_of(cfg, "train") if run and cfg.get("test_dataloader") else frozenset()
    use_data(cfg, data, fit=False)
    if cfg.get("test_dataloader"):
        use_all_for_test(cfg, trained_on, data)


def prepare(
    cfg: Config,
    *,
    amp: bool = False,
    tta: bool = False,
    skip_bad: bool = False,
    pin_memory: bool = True,
) -> None:
    """Apply the options of a test run to its config."""
    from mmpretrain.cli import overrides

    if cfg.get("test_dataloader") is None:
        raise ConfigError(
            "the config has no test_dataloader",
            where=cfg.filename,
            hint="Add test_dataloader, test_evaluator and test_cfg = dict().",
        )
    if skip_bad:
        overrides.skip_unreadable(cfg, ("test",))
    if amp:
        cfg.test_cfg = {**(cfg.get("test_cfg") or {}), "fp16": True}
    if tta:
        overrides.enable_tta(cfg)
    overrides.set_loader_defaults(cfg, pin_memory=pin_memory)


def use_metrics(cfg: Config, names: list[str], options: list[str]) -> None:
    """Evaluate by classes of METRICS, and by results as 0.x names them, such as ``precision``."""
    from mmpretrain.config import parse_options
    from mmpretrain.config.source import Source
    from mmpretrain.evaluation.names import metric_named
    from mmpretrain.utils.former import compat

    old = compat("v0.runtime")
    classes = [metric_named(name) for name in names if name not in old.RESULTS]
    results = [name for name in names if name in old.RESULTS]
    dataset = (cfg.get("test_dataloader") or {}).get("dataset")
    evaluators = [*old.metrics_of(results, dataset, parse_options(options)), *classes]
    cfg.merge_from_dict({"test_evaluator": evaluators}, source=Source("--metrics"))


def draw_predictions(
    cfg: Config, *, show: bool, show_dir: str | None, interval: int, wait_time: float
) -> None:
    """Switch the visualization hook on."""
    hooks = cfg.get("default_hooks") or {}
    hook = hooks.setdefault("visualization", {"type": "VisualizationHook"})
    hook.update(enable=True, show=show, interval=interval, wait_time=wait_time)
    if show_dir is not None:
        hook["out_dir"] = show_dir
    cfg.default_hooks = hooks
    if cfg.get("visualizer") is None:  # the default visualizer of a runner draws no labels
        cfg.visualizer = {"type": "UniversalVisualizer"}


def add_metric(cfg: Config, metric: dict[str, Any]) -> None:
    """Add a metric to those of the test, however these are written."""
    given = cfg.test_evaluator
    whole = isinstance(given, dict) and "metrics" in given  # the config of an evaluator
    holder, key = (given, "metrics") if whole else (cfg, "test_evaluator")
    metrics = holder[key]
    holder[key] = [*(metrics if isinstance(metrics, (list, tuple)) else [metrics]), metric]


def run(cfg: Config, *, page: bool = True) -> dict[str, Any]:
    """Check a config, test, print the metrics, and leave a record and a page in the folder of the run."""
    from mmpretrain.utils.dist import is_main_process

    add_metric(cfg, {"type": "RecordPredictions"})
    runner, results = _test(cfg)
    if is_main_process():
        print_metrics(results)
        kept = records.keep(runner, results)
        for folder in kept:
            say(f"Each prediction is in {shown(folder / 'predictions.csv')}")
        for folder, record in kept.items() if page else ():
            say(f"The report is {shown(records.write_page(runner, record, folder))}")
    return results


def evaluate(cfg: Config) -> dict[str, Any]:
    """Check a config, and test."""
    return _test(cfg)[1]


def _test(cfg: Config) -> tuple[Runner, dict[str, Any]]:
    from mmpretrain.cli.checks import check_before_start
    from mmpretrain.registry import RUNNERS

    check_before_start(cfg, ("test",))
    runner = RUNNERS.build(cfg)
    return runner, runner.test()


def print_metrics(results: dict[str, Any]) -> None:
    """Print metrics as a table, and matrices below it."""
    from rich.console import Console
    from rich.table import Table

    table = Table("metric", "value", title="Test results", title_justify="left")
    matrices = {}
    for name, value in results.items():
        if getattr(value, "ndim", 0) == 2:
            matrices[name] = value.tolist()
        else:
            table.add_row(cell(name), f"{value:.4f}" if isinstance(value, float) else cell(value))
    if table.row_count:
        Console().print(table)
    for name, rows in matrices.items():
        print_matrix(name, rows)


def print_matrix(name: str, rows: list[list[float]]) -> None:
    """Print a matrix, or its size if it is wider than the terminal."""
    texts = [[f"{value:.3g}" if isinstance(value, float) else str(value) for value in row] for row in rows]
    width = max((len(text) for row in texts for text in row), default=0) + 1
    say(f"{visible(name)} ({len(rows)} x {len(rows[0])}):", bold=True)
    if len(rows[0]) * width > shutil.get_terminal_size((80, 24)).columns:
        say("It is too wide to be shown; --out FILE.json saves it.")
        return
    for row in texts:
        say("".join(text.rjust(width) for text in row))


def write_metrics(results: dict[str, Any], path: Path) -> None:
    """Write metrics as JSON, YAML or pickle, as the suffix says."""
    from mmpretrain.utils.dist import is_main_process
    from mmpretrain.utils.plain_data import dump

    if is_main_process():
        dump(results, path)
        say(f"Saved the metrics to {path}")


def _check_out(out: str | None, item: OutItem | None) -> bool:
    """Return whether ``--out`` saves predictions, after checking that its suffix fits."""
    if out is None:
        return False
    suffix = Path(out).suffix
    if suffix not in OUT_SUFFIXES:
        raise ConfigError(f"--out {out!r} must end with one of {', '.join(OUT_SUFFIXES)}")
    pickled = suffix in (".pkl", ".pickle")
    if item is OutItem.pred and not pickled:
        raise ConfigError(f"predictions are saved as .pkl, got --out {out!r}", hint="Use --out FILE.pkl")
    return pickled if item is None else item is OutItem.pred
