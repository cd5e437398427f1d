"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from mmpretrain.cli.say import say
from mmpretrain.config.zoo import find_config

if TYPE_CHECKING:
    from mmpretrain.config import Config

ConfigArgument = Annotated[
    str,
    typer.Argument(metavar="CONFIG|NAME", help="A config file, the folder of a run, or a config of the zoo."),
]
CfgOptions = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE...",
        help="Override settings: `--cfg-options train_cfg.max_epochs=3 model.head.topk='(1,5)'`.",
    ),
]
WorkDir = Annotated[
    str | None, typer.Option(metavar="DIR", help="Where to write; `./work_dirs/<config name>` by default.")
]
Amp = Annotated[bool, typer.Option("--amp", help="Use automatic mixed precision.")]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out images that cannot be read; bad_files.txt lists them.")
]
Launcher = Annotated[str, typer.Option(help="How processes were started: none, pytorch, slurm or mpi.")]
LocalRank = Annotated[int, typer.Option("--local-rank", hidden=True)]
Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DATA",
        help="Data instead of the config's: a folder of class folders, a .csv file, "
        "`shards-{000..099}.tar`, `hf://org/name`, ...",
    ),
]
Gpus = Annotated[int | None, typer.Option(metavar="N", min=1, help="Start N processes, one for each GPU.")]
Nnodes = Annotated[int, typer.Option("--nnodes", min=1, help="Number of machines.")]
NodeRank = Annotated[int, typer.Option("--node-rank", min=0, help="Number of this machine.")]
MasterAddr = Annotated[str | None, typer.Option("--master-addr", help="Host name of machine 0.")]
MasterPort = Annotated[int | None, typer.Option("--master-port", help="Port on machine 0.")]
LAUNCH_OPTIONS = frozenset(
    {"gpus", "nnodes", "node_rank", "master_addr", "master_port", "launcher", "local_rank"}
)


def checkpoint_in(source: str) -> str:
    """Return the checkpoint of a folder, and say on standard error which one; leave other sources alone."""
    from pathlib import Path

    if not Path(source).is_dir():
        return source
    from mmpretrain import checkpoints
    from mmpretrain.checkpoints.run_folder import RunFolder
    from mmpretrain.utils.dist import is_main_process

    found = checkpoints.find(source)
    if is_main_process():
        earlier = RunFolder(source).earlier_in_words()
        say(f"{found.path}: {found.why}. {earlier}".rstrip(), err=True)
    return found.path


def relaunch(context: typer.Context) -> NoReturn:
    """Run the current command again in several processes, and exit with their code."""
    from mmpretrain.engine.runner.launch import torchrun

    values = context.params
    code = torchrun(
        ["-m", "mmpretrain", *command_line(context), "--launcher", "pytorch"],
        values["gpus"],
        values["nnodes"],
        values["node_rank"],
        values["master_addr"],
        values["master_port"],
    )
    raise typer.Exit(code)


def command_line(context: typer.Context, only: Collection[str] | None = None) -> list[str]:
    """Return the words that lead to the current command and its values, without the launch options.

    Args:
        context: The command.
        only: Names of the parameters to take; all by default.
    """
    words, positional = [str(context.info_name)], []
    for parameter in context.command.params:
        value = context.params.get(str(parameter.name))
        if parameter.name in LAUNCH_OPTIONS or value is None or value == parameter.default:
            continue
        if only is not None and parameter.name not in only:
            continue
        if value is False:
            words += parameter.secondary_opts[:1]  # such as --no-report, where the default is --report
        elif parameter.param_type_name == "argument":
            positional.append(str(value))
        elif value is True:
            words.append(parameter.opts[0])
        else:
            for item in value if isinstance(value, (list, tuple)) else [value]:
                words += [parameter.opts[0], str(getattr(item, "value", item))]
    return [words[0], *positional, *words[1:]]


def load_config(name: str, cfg_options: list[str] | None, work_dir: str | None = None) -> Config:
    """Load the config of a run: the file, the options, and the work folder, in the old tools' order."""
    from mmpretrain.config import Config, parse_options

    path = find_config(name)
    cfg = Config.fromfile(path, translate=True)
    if cfg_options:
        cfg.merge_from_dict(parse_options(cfg_options))
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get("work_dir") is None:
        cfg.work_dir = f"./work_dirs/{path.stem}"
    return cfg
