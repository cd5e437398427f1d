"""``mmpretrain list``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from mmpretrain.cli.say import say
from mmpretrain.errors import ConfigError
from mmpretrain.utils.suggest import did_you_mean
from mmpretrain.utils.text import visible

#: Longer names have their own line.
NAME_WIDTH = 58


def list_models(
    pattern: Annotated[
        str | None, typer.Argument(help="What names begin with; * and ? stand for any characters.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Only models with a result for it.")] = None,
    cached: Annotated[
        bool, typer.Option("--cached", help="Only models whose weights are on this machine.")
    ] = False,
    names_only: Annotated[bool, typer.Option("--names", help="Print names only, one a line.")] = False,
) -> None:
    """List the models of the zoo with size and published accuracy.

    Examples:

    `mmpretrain list resnet50`

    `mmpretrain list '*swin*' --task 'Image Classification'`

    `mmpretrain models --cached` (another name of `list`)
    """
    from mmpretrain.apis import index

    names = index.list_models(pattern, task=task)
    if not names:
        raise ConfigError(
            "no model of the zoo fits",
            where=pattern,
            hint=did_you_mean(pattern, index.list_models()) if pattern else "Leave out --task.",
        )
    if cached:
        names = [name for name in names if index.is_cached(name)]
    if names_only:
        say("\n".join(names))
        return
    for line in table(names, shutil.get_terminal_size((80, 24)).columns):
        say(line)


def table(names: Sequence[str], columns: int) -> Iterator[str]:
    """Yield the lines of a table of models that fits a terminal of so many columns, from 80 on."""
    from mmpretrain.apis import index
    from mmpretrain.checkpoints import zoo

    wide = columns >= 100
    width = min(max(map(len, names), default=0) + 1, NAME_WIDTH)
    head = f"{'name':<{width}} {'params':>7} {'FLOPs':>7} {'top-1':>5}"
    yield head + ("  data set" if wide else "")
    lacking = 0
    for name in names:
        info = zoo.zoo()[name]
        accuracy, dataset = info.metric("Top 1 Accuracy")
        mark = "*" if index.missing_parts(info) else ""
        lacking += bool(mark)
        numbers = f"{_short(info.params, 1e6):>7} {_short(info.flops, 1e9):>7} {_short(accuracy):>5}"
        shown = visible(name) + mark
        if len(shown) > width:
            yield shown
            shown = ""
        yield f"{shown:<{width}} {numbers}  {visible(dataset) if wide else ''}".rstrip()
    yield f"{len(names)} models; parameters in millions, FLOPs in billions, top-1 in percent."
    if lacking:
        yield f"* {lacking} of them have parts that are not implemented here yet."
    yield "Build one: mmpretrain.get_model(NAME); train it: mmpretrain train NAME"


def _short(value: float | None, unit: float = 1.0) -> str:
    if value is None:
        return ""
    value = value / unit
    return f"{value:.2f}" if value < 100 else f"{value:.1f}" if value < 10000 else f"{value:.0f}"
