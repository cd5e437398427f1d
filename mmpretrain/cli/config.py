"""``mmpretrain config``: look at configs, compare them, and bring old ones up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument
from mmpretrain.cli.say import say
from mmpretrain.config.zoo import find_config
from mmpretrain.errors import ConfigError

if TYPE_CHECKING:
    from mmpretrain.config import Config

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Look at configs, compare them, and bring old ones up to date.",
)


def _load(name: str, cfg_options: list[str] | None = None) -> Config:
    # Nothing is imported to look at a config: neither torch nor the user's modules.
    from mmpretrain.config import Config, parse_options

    cfg = Config.fromfile(find_config(name), import_custom_modules=False, translate=True)
    cfg.merge_from_dict(parse_options(cfg_options or []))
    return cfg


@app.command()
def show(
    config: ConfigArgument,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="Show this part only.")] = None,
    sources: Annotated[bool, typer.Option("--sources", help="Add the file and line of each value.")] = False,
    output_format: Annotated[str, typer.Option("--format", help="py, yaml or json.")] = "py",
    cfg_options: CfgOptions = None,
) -> None:
    """Print a config with all that it inherits.

    Examples:

    `mmpretrain config show resnet50_8xb32_in1k`

    `mmpretrain config show my_config.py model.backbone --sources`
    """
    from mmpretrain.config.explain import find, leaves
    from mmpretrain.config.pretty import WRITERS, format_value

    cfg = _load(config, cfg_options)
    value = find(cfg, key) if key else cfg
    if sources:
        for path, leaf, source in leaves(cfg, key or ""):
            place = "" if source is None else source.place
            say(f"{path} = {format_value(leaf)}  # {place}")
    elif key and not isinstance(value, dict):
        say(format_value(value))
    else:
        suffix = f".{output_format.lstrip('.')}"
        if suffix not in WRITERS:
            raise ConfigError(f"--format is py, yaml or json, got {output_format!r}")
        say(WRITERS[suffix](value), nl=False)


@app.command()
def explain(
    config: ConfigArgument,
    key: Annotated[str, typer.Argument(metavar="KEY", help="A key path: model.head.num_classes")],
    cfg_options: CfgOptions = None,
) -> None:
    """Say where a value comes from: the files and lines that set it, the last one first.

    Example:

    `mmpretrain config explain resnet50_8xb32_in1k optim_wrapper.optimizer.lr`
    """
    from mmpretrain.config.explain import explain_key

    for line in explain_key(_load(config, cfg_options), key):
        say(line)


@app.command()
def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A config.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another config.")],
) -> None:
    """Show the values in which two configs differ.

    Example:

    `mmpretrain config diff resnet50_8xb32_in1k resnet50_8xb32-fp16_in1k`
    """
    from mmpretrain.config.explain import differences

    found = False
    for sign, line in differences(_load(a), _load(b)):
        found = True
        say(f"{sign} {line}", fg="red" if sign == "-" else "green")
    if not found:
        say("The two configs have the same values.")


@app.command()
def migrate(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A config for MMClassification 0.x.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="NEW", help="Where to write it; else printed.")
    ] = None,
) -> None:
    """Write a config for MMClassification 0.x again, with one line for each key that changed.

    Example:

    `mmpretrain config migrate old.py -o new.py`
    """
    cfg = _load(old)
    header = f"# Translated from {Path(old).name} by `mmpretrain config migrate`.\n"
    if output is None:
        say(header + cfg.pretty_text, nl=False)
        return
    cfg.dump(output)
    if output.suffix == ".py":
        output.write_text(header + output.read_text(encoding="utf-8"), encoding="utf-8")
    say(f"Wrote {output}.", err=True)
