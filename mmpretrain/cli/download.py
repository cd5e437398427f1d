"""``mmpretrain download``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from mmpretrain.cli.say import say
from mmpretrain.errors import ConfigError, MissingFileError, MMPretrainError


def download(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="Models of the zoo (* and ? stand for any characters), addresses, hf://org/name, "
            "timm/NAME, torchvision://NAME.",
        ),
    ],
    dest: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Copy the weights, and the config of a model, there.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files in --dest.")] = False,
) -> None:
    """Fetch published weights, so that they are there without a network.

    What is in the cache is not fetched again, and what broke off continues. Each file is checked against the
    hash in its name. With `MMPRETRAIN_OFFLINE=1`, nothing is fetched: the command says what is missing.

    Examples:

    `mmpretrain download resnet50_8xb32_in1k`

    `mmpretrain download 'resnet18*' --dest weights/`

    `mmpretrain download timm/resnet50.a1_in1k`
    """
    bad: list[MMPretrainError] = []
    for name in expand(names):
        try:
            for path in fetch(name, dest, force=force):
                say(f"{name}: {path} ({path.stat().st_size / 1e6:.1f} MB)")
        except MMPretrainError as error:  # the others are fetched all the same
            bad.append(error)
    for error in bad:
        say("error: ", fg="red", bold=True, nl=False, err=True)
        say(str(error), err=True)
    if bad:
        raise typer.Exit(2)


def expand(names: list[str]) -> list[str]:
    """Return names, with those of the zoo in place of patterns.

    Raises:
        ConfigError: If a pattern fits no model that has weights.
    """
    from mmpretrain.checkpoints import zoo

    found: dict[str, None] = {}
    for name in names:
        if "://" in name or not ("*" in name or "?" in name):
            found[name] = None
            continue
        from fnmatch import fnmatch

        entries = zoo.zoo()
        fitting = [item for item in entries if fnmatch(item.lower(), name.lower()) and entries[item].weights]
        if not fitting:
            raise ConfigError(
                f"no model with published weights fits {name!r}", hint="`mmpretrain list` shows the names."
            )
        found.update(dict.fromkeys(sorted(fitting)))
    return list(found)


def fetch(name: str, dest: Path | None, *, force: bool = False) -> list[Path]:
    """Fetch one model or file, and return where it is.

    Raises:
        ConfigError: If there is no such model, no weights of it, or another file in the way.
        MissingFileError: If it cannot be fetched.
    """
    from mmpretrain import checkpoints
    from mmpretrain.checkpoints import zoo

    weights = Path(checkpoints.find(name).path)
    if dest is None:
        return [weights]
    done = [_copy(weights, dest, force)]
    if zoo.has_model(name) and not Path(name).exists():
        from mmpretrain.config import Config

        info = zoo.find_model(name)
        done.append(
            _write(dest / f"{info.name}.py", Config.fromfile(info.config).pretty_text.encode(), force)
        )
    return done


def _copy(source: Path, dest: Path, force: bool) -> Path:
    if source.is_dir():
        raise ConfigError(f"{source} is a folder of pieces", hint="Copy it yourself.")
    target = dest / source.name
    if target.exists() and not force:
        if target.stat().st_size != source.stat().st_size:
            raise _in_the_way(target)
        return target
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        dest.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, temporary)
        os.replace(temporary, target)
    except OSError as error:
        raise MissingFileError(f"{str(target)!r} cannot be written ({error.strerror})") from error
    finally:
        temporary.unlink(missing_ok=True)
    return target


def _write(target: Path, data: bytes, force: bool) -> Path:
    from mmpretrain.utils.atomic import write_atomic

    if target.exists() and not force:
        if target.read_bytes() != data:
            raise _in_the_way(target)
        return target
    write_atomic(target, lambda file: file.write(data))
    return target


def _in_the_way(target: Path) -> ConfigError:
    return ConfigError(f"{str(target)!r} exists, with other content", hint="Overwrite it with --force.")
