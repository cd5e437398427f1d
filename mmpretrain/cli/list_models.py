"""``mmpretrain list``."""

from __future__ import annotations

from typing import Annotated

import typer

from mmpretrain.cli.say import say
from mmpretrain.utils.text import cell


def list_models(
    pattern: Annotated[
        str | None, typer.Argument(help="What names begin with; * and ? stand for any characters.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Only models with a result for it.")] = None,
    names_only: Annotated[bool, typer.Option("--names", help="Print names only, one a line.")] = False,
) -> None:
    """List the models of the zoo with size and published accuracy.

    Examples:

    `mmpretrain list resnet50`

    `mmpretrain list '*swin*' --task 'Image Classification'`
    """
    from mmpretrain.apis import index
    from mmpretrain.checkpoints import zoo

    names = index.list_models(pattern, task=task)
    if names_only:
        say("\n".join(names))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "parameters (M)", "FLOPs (G)", "top-1 (%)", "data set")
    for name in names:
        info = zoo.zoo()[name]
        accuracy, dataset = info.metric("Top 1 Accuracy")
        table.add_row(
            cell(name),
            f"{info.params / 1e6:.2f}" if info.params is not None else "",
            f"{info.flops / 1e9:.2f}" if info.flops is not None else "",
            cell(accuracy) if accuracy is not None else "",
            cell(dataset),
        )
    Console(soft_wrap=True).print(table)
    say(f"{len(names)} models. Build one: mmpretrain.get_model(NAME); train it: mmpretrain train CONFIG")
