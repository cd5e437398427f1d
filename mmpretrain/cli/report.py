"""``mmpretrain report`` and ``mmpretrain compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mmpretrain.cli.outputs import Force, new_file
from mmpretrain.cli.say import say

if TYPE_CHECKING:
    import numpy as np

    from mmpretrain.evaluation.record import Record
    from mmpretrain.reports.comparison import Comparison, ValueComparison

Language = Annotated[Literal["en", "zh"], typer.Option(help="Which language the page shows at first.")]
Images = Annotated[bool, typer.Option("--images/--no-images", help="Show pictures of the samples.")]
_PAGES = (".html", ".htm")


def report(
    record: Annotated[
        str,
        typer.Argument(
            metavar="RUN|RECORD",
            help="The folder of a run that was tested, a record, or `test --out result.pkl`.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page; by default report.html beside the record.")
    ] = None,
    title: Annotated[str, typer.Option(metavar="TEXT", help="Heading of the page.")] = "",
    language: Language = "en",
    images: Images = True,
    audit: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="What `mmpretrain audit` wrote about the data: shows leaks."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="MODEL", help="The tested model: shows what mistakes rest on."),
    ] = None,
    force: Force = False,
) -> None:
    """Write a page about a test: curves, classes, confusion matrix, mistakes, groups that are worse.

    One HTML file in English and Chinese that opens offline. `mmpretrain test` writes one each time.

    Examples:

    `mmpretrain report work_dirs/demo`

    `mmpretrain report result.pkl --out report.html --language zh`

    `mmpretrain report work_dirs/demo --audit audit --model work_dirs/demo`
    """
    from mmpretrain.analysis.records import folder_of_run, open_record
    from mmpretrain.cli.records import pictures_of
    from mmpretrain.evaluation.record import latest_record
    from mmpretrain.evaluation.value_record import ValueRecord
    from mmpretrain.reports import no_images, write_report, write_value_report

    run = folder_of_run(record)
    if out is None:
        place = Path(record)
        # Beside a record; a page that is there was made of the same predictions.
        out = latest_record(place) / "report.html" if place.is_dir() else place.with_name("report.html")
        force = force or place.is_dir()
    out = new_file(out, "--out", force=force, suffixes=_PAGES)
    opened = open_record(record)
    source = pictures_of(opened.paths) if images else no_images
    if isinstance(opened, ValueRecord):
        write_value_report(opened, out, title=title, language=language, run=run, images=source)
    else:
        maps = None if model is None else maps_of_files(opened, model)
        write_report(
            opened, out, title=title, language=language, run=run, images=source, maps=maps, audit=audit
        )
    say(f"Saved the report to {out}")


def maps_of_files(record: Record, model: str) -> dict[int, np.ndarray]:
    """Return what the surest mistakes rest on: index -> the image with its activation map.

    Raises:
        ConfigError: If the record does not say where its images are.
    """
    import os

    from mmpretrain.apis.model import open_model
    from mmpretrain.cli.options import checkpoint_in
    from mmpretrain.cli.records import MAPS, explained
    from mmpretrain.errors import ConfigError
    from mmpretrain.reports.galleries import surest_mistakes

    chosen = [i for i in surest_mistakes(record)[:MAPS] if record.paths and os.path.isfile(record.paths[i])]
    if not chosen:
        raise ConfigError(
            "the images of the mistakes are not there as files",
            where="--model",
            hint="mmpretrain test writes the page with activation maps.",
        )
    return explained(open_model(checkpoint_in(model)), record, chosen, record.paths.__getitem__)


def compare(
    records: Annotated[
        list[str], typer.Argument(metavar="RUN|RECORD...", help="Two or more, as for `mmpretrain report`.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page.")] = Path("comparison.html"),
    language: Language = "en",
    images: Images = True,
    force: Force = False,
) -> None:
    """Compare models that were tested on the same images.

    Prints the metrics and whether differences can be chance (McNemar's test; of regression, a permutation
    test of the errors), and writes a page with curves and with the images on which they differ.

    Example:

    `mmpretrain compare work_dirs/a work_dirs/b --out comparison.html`
    """
    from mmpretrain.analysis.records import folder_of_run, open_record
    from mmpretrain.cli.records import pictures_of
    from mmpretrain.errors import ConfigError
    from mmpretrain.reports import no_images, write_comparison

    if len(records) < 2:
        raise ConfigError("a comparison needs two evaluations", hint="mmpretrain compare RUN RUN")
    out = new_file(out, "--out", force=force, suffixes=_PAGES)
    names = _names(records)
    opened = {name: open_record(record) for name, record in zip(names, records)}
    runs = {name: folder_of_run(record) for name, record in zip(names, records)}
    source = pictures_of(opened[names[0]].paths) if images else no_images
    compared = write_comparison(opened, out, language=language, images=source, runs=runs)  # type: ignore[arg-type]
    tell(compared)
    say(f"Saved the comparison to {out}")


def tell(compared: Comparison | ValueComparison) -> None:
    """Print the numbers of models, and whether their differences can be chance."""
    from rich.console import Console
    from rich.table import Table

    from mmpretrain.reports.comparison import Comparison
    from mmpretrain.utils.text import cell

    console = Console()
    if isinstance(compared, Comparison):
        tables = {"": {name: summary.numbers for name, summary in compared.summaries.items()}}
        sentences = [
            f"{pair.first} / {pair.second}: only the first is right {pair.only_first} times, only the second "
            f"{pair.only_second} times (p = {pair.p:.2g})"
            for pair in compared.pairs
        ]
    else:
        tables = compared.numbers
        sentences = [
            f"{pair.value}: {pair.first} / {pair.second}: mean absolute errors {pair.error_first:.4g} and "
            f"{pair.error_second:.4g} (p = {pair.p:.2g})"
            for pair in compared.pairs
        ]
    for value, models in tables.items():
        title = cell(value) if len(tables) > 1 else None
        names = (number.name for number in next(iter(models.values())))
        table = Table("model", *names, title=title, title_justify="left")
        for name, numbers in models.items():
            table.add_row(cell(name), *(f"{n.value:.2f}" if n.percent else f"{n.value:.4f}" for n in numbers))
        console.print(table)
    for sentence in sentences:
        console.print(sentence, markup=False, highlight=False)
    if compared.left_out:
        say(f"{compared.left_out} images were not tested by all of them and are left out.")


def _names(records: list[str]) -> list[str]:
    """Return the shortest ends of the paths that differ."""
    parts = [Path(record).parts for record in records]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    return [f"{record} ({index})" for index, record in enumerate(records, 1)]
