"""The command line of ``mim``; where the real one is installed, that one runs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from mmpretrain.cli.endings import errors_told
from mmpretrain.cli.flags import show_flags_as_flags
from mmpretrain.cli.guard import check_folder
from mmpretrain.cli.say import say
from mmpretrain.compat.mim import packages
from mmpretrain.errors import ConfigError
from mmpretrain.utils.processes import open_standard_streams

if TYPE_CHECKING:
    from mmpretrain.compat.mim.jobs import Trial

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
#: Options of ``download`` and ``search`` that take several values.
SEVERAL = {"--config", "--model", "--sort", "--field", "--exclude-field"}

app = typer.Typer(
    name="mim",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The commands of OpenMIM for mmpretrain: models, configs, trainings and tests.",
)

Package = Annotated[
    str, typer.Argument(metavar="PACKAGE", help="mmpretrain, or its former names mmcls, mmselfsup.")
]
Gpus = Annotated[int, typer.Option("--gpus", "-G", metavar="N", min=0, help="Number of GPUs; 0 is the CPU.")]
Launcher = Annotated[
    Literal["none", "pytorch", "slurm"], typer.Option("--launcher", "-l", help="How to start them.")
]
PerNode = Annotated[int | None, typer.Option("--gpus-per-node", metavar="N", min=1, help="For Slurm.")]
Cpus = Annotated[int, typer.Option("--cpus-per-task", metavar="N", min=1, help="For Slurm.")]
Partition = Annotated[str | None, typer.Option("--partition", "-p", metavar="NAME", help="For Slurm.")]
SrunArgs = Annotated[str, typer.Option("--srun-args", metavar="TEXT", help="More options of srun.")]
Port = Annotated[int | None, typer.Option("--port", metavar="N", help="For several processes.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Accepted; nothing is asked.")]


@app.command("install", context_settings=PASS_ON)
def install(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="PACKAGE...", help="What is to be installed.")
    ] = None,
    editable: Annotated[
        str | None, typer.Option("--editable", "-e", metavar="PATH", help="A checkout.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Explain what to install; mmpretrain and the packages that it was built on need nothing.

    Example: `mim install mmpretrain`
    """
    from mmpretrain import __version__

    for name in names or ():
        base = packages.base_name(name)
        if base in packages.OURS:
            say(f"mmpretrain {__version__} is installed. Nothing is needed.")
        elif base in packages.INSIDE:
            say(f"{base} is not needed: what mmpretrain used of it is part of mmpretrain {__version__}.")
        else:
            say(f"{base} is another package: pip install {name}")
    if editable is not None:
        say(f"To work on a checkout: pip install -e {editable}")
    if not names and editable is None:
        raise ConfigError("nothing is named", hint="For example: mim install mmpretrain")


@app.command("uninstall", context_settings=PASS_ON)
def uninstall(
    context: typer.Context, names: Annotated[list[str], typer.Argument(metavar="PACKAGE...")]
) -> None:
    """Say how to remove a package.

    Example: `mim uninstall mmpretrain`
    """
    say(f"Removing packages is done by pip: pip uninstall {' '.join(names)}")


@app.command("list")
def list_packages(
    everything: Annotated[bool, typer.Option("--all", help="All packages of this environment.")] = False,
) -> None:
    """List the installed packages of OpenMMLab, and this one.

    Example: `mim list`
    """
    rows = [("Package", "Version", "Source"), *packages.installed(everything)]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for index, (name, version, place) in enumerate(rows):
        say(f"{name:<{widths[0]}}  {version:<{widths[1]}}  {place}")
        if index == 0:
            say(f"{'-' * widths[0]}  {'-' * widths[1]}  {'-' * len(place)}")


@app.command("download")
def download(
    package: Package,
    config: Annotated[
        list[str] | None, typer.Option("--config", metavar="NAME...", help="Models or configs of the zoo.")
    ] = None,
    dest: Annotated[Path | None, typer.Option("--dest", metavar="DIR", help="Where to put them.")] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", metavar="NAME", hidden=True)] = None,
    ignore_ssl: Annotated[bool, typer.Option("--ignore-ssl", hidden=True)] = False,
) -> None:
    """Download the weights of models, and write their configs with all that they inherit.

    Example: `mim download mmpretrain --config resnet18_8xb32_in1k --dest .`
    """
    from mmpretrain.compat.mim import download as downloads

    packages.require_ours(package)
    if dataset is not None:
        raise ConfigError(
            f"the data set {dataset!r} cannot be downloaded by this mim",
            where="--dataset",
            hint="CIFAR10, CIFAR100, MNIST and FashionMNIST download themselves; docs/datasets.md has more.",
        )
    names = downloads.names_in(config or [])
    if not names:
        raise ConfigError("no model is named", hint="Name one: --config resnet18_8xb32_in1k")
    if ignore_ssl:
        say("Certificates are checked all the same: --ignore-ssl does nothing.", fg="yellow", err=True)
    for name in names:
        downloads.find(name)  # check all names before the first download
    for name in names:
        for step in downloads.download(
            name, downloads.default_folder() if dest is None else dest.expanduser()
        ):
            say(step.text)


@app.command("search")
def search(
    package: Package,
    config: Annotated[
        list[str] | None, typer.Option("--config", metavar="TEXT...", help="Parts of names.")
    ] = None,
    model: Annotated[list[str] | None, typer.Option("--model", metavar="TEXT...", help="Families.")] = None,
    condition: Annotated[
        str | None, typer.Option("--condition", metavar="TEXT", help="`'top1 > 80, params < 30e6'`")
    ] = None,
    sort: Annotated[
        list[str] | None, typer.Option("--sort", metavar="FIELD...", help="What to sort by.")
    ] = None,
    ascending: Annotated[
        bool, typer.Option("--ascending/--descending", help="The least or the most first.")
    ] = True,
    field: Annotated[
        list[str] | None, typer.Option("--field", metavar="FIELD...", help="What to show.")
    ] = None,
    exclude_field: Annotated[
        list[str] | None, typer.Option("--exclude-field", metavar="FIELD...", help="What not to show.")
    ] = None,
    valid_config: Annotated[
        bool, typer.Option("--valid-config", help="Print the names of configs only.")
    ] = False,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write it as JSON.")
    ] = None,
    version: Annotated[str | None, typer.Option("--version", hidden=True)] = None,
    remote: Annotated[bool, typer.Option("--remote/--local", hidden=True)] = False,
) -> None:
    """Search the model zoo.

    Example: `mim search mmpretrain --model swin --condition 'top1 > 81' --sort params`
    """
    from mmpretrain.cli.outputs import new_file
    from mmpretrain.compat.mim import search as zoo
    from mmpretrain.utils.atomic import write_atomic

    packages.require_ours(package.partition("=")[0])
    conditions = zoo.parse_condition(condition) if condition else []
    found = zoo.search(model or (), config or (), conditions, sort or (), ascending=ascending)
    if valid_config:
        say("\n".join(sorted({info.config.stem for info in found})))
        return
    hidden = {zoo.field(name) for name in exclude_field or ()}
    shown = [name for name in map(zoo.field, field or zoo.SHOWN) if name not in hidden]
    rows = [{name: zoo.FIELDS[name](info) for name in shown} for info in found]
    if json_path is not None:
        path = new_file(json_path, "--json")
        write_atomic(path, lambda file: file.write(json.dumps(rows, indent=2).encode()))
        say(f"Wrote {len(rows)} models to {path}.")
        return
    texts = [shown, *([_text(row[name]) for name in shown] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(shown))]
    for row in texts:
        say("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())
    say(f"{len(rows)} models")


def _text(value: object) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


@app.command("train", context_settings=PASS_ON)
def train(
    context: typer.Context,
    package: Package,
    config: Annotated[str, typer.Argument(metavar="CONFIG")],
    gpus: Gpus = 1,
    launcher: Launcher = "none",
    gpus_per_node: PerNode = None,
    cpus_per_task: Cpus = 2,
    partition: Partition = None,
    srun_args: SrunArgs = "",
    port: Port = None,
    yes: Yes = False,
) -> None:
    """Train a model; options that mim does not know go to `mmpretrain train`.

    Example: `mim train mmpretrain resnet18_8xb32_in1k --gpus 0 --work-dir work_dirs/a`
    """
    from mmpretrain.compat.mim.jobs import Machines, run

    packages.require_ours(package)
    machines = Machines(gpus, launcher, gpus_per_node, cpus_per_task, partition, srun_args, port)
    raise typer.Exit(run(machines.command(["train", _config(config), *context.args])))


@app.command("test", context_settings=PASS_ON)
def test(
    context: typer.Context,
    package: Package,
    config: Annotated[str, typer.Argument(metavar="CONFIG")],
    checkpoint: Annotated[
        str | None, typer.Option("--checkpoint", "-C", metavar="CKPT", help="Weights.")
    ] = None,
    gpus: Gpus = 1,
    launcher: Launcher = "none",
    gpus_per_node: PerNode = None,
    cpus_per_task: Cpus = 2,
    partition: Partition = None,
    srun_args: SrunArgs = "",
    port: Port = None,
    yes: Yes = False,
) -> None:
    """Test a model; options that mim does not know go to `mmpretrain test`.

    Example: `mim test mmpretrain resnet18_8xb32_in1k --checkpoint epoch_3.pth --gpus 0`
    """
    from mmpretrain.compat.mim.jobs import Machines, run

    packages.require_ours(package)
    machines = Machines(gpus, launcher, gpus_per_node, cpus_per_task, partition, srun_args, port)
    weights = [] if checkpoint is None else [checkpoint]
    raise typer.Exit(run(machines.command(["test", _config(config), *weights, *context.args])))


@app.command("run", context_settings={**PASS_ON, "help_option_names": []})
def run_script(
    context: typer.Context,
    package: Package,
    script: Annotated[str, typer.Argument(metavar="SCRIPT", help="Name of a script in tools/, without .py.")],
) -> None:
    """Run a script of the toolbox.

    Example: `mim run mmpretrain get_flops resnet18_8xb32_in1k`
    """
    from mmpretrain.cli.main import entry_point

    packages.require_ours(package)
    entry_point([Path(script).name.removesuffix(".py"), *context.args])


@app.command("gridsearch", context_settings=PASS_ON)
def gridsearch(
    context: typer.Context,
    package: Package,
    config: Annotated[str, typer.Argument(metavar="CONFIG")],
    work_dir: Annotated[Path, typer.Option("--work-dir", metavar="DIR", help="Folder of all trainings.")],
    search_args: Annotated[
        str, typer.Option("--search-args", metavar="TEXT", help="`'--optim_wrapper.optimizer.lr 0.1 0.01'`")
    ],
    max_jobs: Annotated[
        int, typer.Option("--max-jobs", metavar="N", min=1, help="So many at the same time.")
    ] = 1,
    gpus: Gpus = 1,
    launcher: Launcher = "none",
    gpus_per_node: PerNode = None,
    cpus_per_task: Cpus = 2,
    partition: Partition = None,
    srun_args: SrunArgs = "",
    port: Port = None,
    yes: Yes = False,
) -> None:
    """Train with every combination of some settings, and compare the results.

    Example:

    `mim gridsearch mmpretrain my.py --work-dir grid --search-args '--optim_wrapper.optimizer.lr 0.1 0.01'`
    """
    from mmpretrain.compat.mim import jobs

    packages.require_ours(package)
    grid = jobs.trials(jobs.parse_grid(search_args), work_dir)
    machines = jobs.Machines(gpus, launcher, gpus_per_node, cpus_per_task, partition, srun_args, port)
    commands = [machines.command(_training(_config(config), trial, context.args)) for trial in grid]
    say(f"{len(grid)} trainings in {work_dir}, {max_jobs} at the same time")
    for trial in jobs.run_grid(grid, commands, max_jobs):
        say(f"{trial.work_dir.name}: {'done' if trial.code == 0 else f'failed with exit code {trial.code}'}")
    say("\nbest score  settings")
    for trial in sorted(grid, key=lambda trial: (trial.best is None, -(trial.best or 0))):
        score = "failed" if trial.code else "" if trial.best is None else f"{trial.best:.4f}"
        say(f"{score:>10}  {' '.join(f'{key}={value}' for key, value in trial.options.items())}")
    if any(trial.code for trial in grid):
        raise typer.Exit(1)


def _training(config: str, trial: Trial, more: Sequence[str]) -> list[str]:
    options = [f"{key}={value}" for key, value in trial.options.items()]
    return ["train", config, *more, "--work-dir", str(trial.work_dir), "--cfg-options", *options]


def _config(name: str) -> str:
    """Return a config as the commands take it: mim names those of the zoo with their suffix."""
    from mmpretrain.compat.mim.download import known_name

    return name if Path(name).exists() or os.sep in name else known_name(name.removesuffix(".py"))


show_flags_as_flags(app)


# -- the entry point -----------------------------------------------------------------------------------


def real_mim() -> Callable[[], int | None] | None:
    """Return the command of the real openmim, if that is installed."""
    try:
        points = metadata.distribution("openmim").entry_points
    except metadata.PackageNotFoundError:
        return None
    for point in points:
        if point.group == "console_scripts" and point.name == "mim":
            try:
                return point.load()
            except ImportError:  # it is broken, as it is on new versions of Python
                return None
    return None


def entry_point(argv: Sequence[str] | None = None) -> None:
    """Run ``mim``: the real one, or this one."""
    if argv is None and (other := real_mim()) is not None:
        sys.exit(cast("int", other()))
    open_standard_streams()
    words = spread(sys.argv[1:] if argv is None else argv)
    with errors_told(bool(os.environ.get("MMPRETRAIN_DEBUG"))):
        check_folder()
        app(args=words, prog_name="mim")


def spread(argv: Sequence[str]) -> list[str]:
    """Repeat an option before each of its values: ``--config a b`` becomes ``--config a --config b``."""
    words = list(argv)
    if words[:1] not in (["download"], ["search"]):
        return words
    result: list[str] = []
    option = ""
    for word in words:
        follows = option and result[-1] != option and not word.startswith("-")
        if word.startswith("-"):
            option = word if word in SEVERAL else ""
        result += [option, word] if follows else [word]
    return result
