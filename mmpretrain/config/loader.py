"""From a file name to the merged tree of a config and its bases."""

from __future__ import annotations

import importlib.util
import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmpretrain.config.bounds import MAX_DEPTH, check_bounds
from mmpretrain.config.markup import READERS, fill
from mmpretrain.config.merge import DELETE, merge_into, without_delete
from mmpretrain.config.node import ConfigDict, make_node, settle
from mmpretrain.config.python import Result, compile_config, run_config
from mmpretrain.config.source import Source, short_path
from mmpretrain.config.syntax import BASE, as_bases
from mmpretrain.config.template import fill_environment, fill_file_variables, hide_base_variables
from mmpretrain.config.tracked import TrackedDict, raw, raw_items, sources_of
from mmpretrain.errors import ConfigError, MissingFileError
from mmpretrain.utils.brief import brief, brief_text
from mmpretrain.utils.former import TOOLBOXES
from mmpretrain.utils.suggest import close_matches

DEPRECATION = "_deprecation_"
#: Packages whose configs are those of this package.
_OWN_PACKAGES = TOOLBOXES | {"mmpretrain"}


@dataclass
class Loading:
    """State shared by all files of one inheritance chain.

    Attributes:
        file_variables: Replace ``{{ fileDirname }}`` and similar variables.
        environment: Replace ``{{ $NAME:default }}``.
        lazy: Whether Python files get lazy imports; None leaves that to their style.
        texts: The text of each file that was read.
        used_environment: Environment variables that had a value.
    """

    file_variables: bool = True
    environment: bool = True
    lazy: bool | None = None
    texts: dict[str, str] = field(default_factory=dict)
    used_environment: dict[str, str] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def load(self, file: str) -> ConfigDict:
        """Load a file with everything that it inherits."""
        return self._load(os.path.abspath(os.path.expanduser(file)))[0]

    def load_text(self, text: str, file: str, suffix: str) -> ConfigDict:
        """Load a text as if it were the content of ``file``."""
        return self._parse(text, file, suffix)[0]

    def _load(self, file: str, where: str | None = None) -> tuple[ConfigDict, dict[str, Any]]:
        if file in self._open:
            chain = " -> ".join(short_path(name) for name in [*self._open, file])
            raise ConfigError(f"The configs inherit from each other: {chain}", where=where)
        suffix = os.path.splitext(file)[1]
        if suffix not in (".py", *READERS):
            raise ConfigError(
                f"A config is a .py, .yaml, .yml or .json file, got {short_path(file)!r}", where=where
            )
        if len(self._open) > MAX_DEPTH:
            raise ConfigError(f"More than {MAX_DEPTH} configs inherit from each other", where=where)
        text = _read(file, where)
        self._open.append(file)
        try:
            return self._parse(text, file, suffix)
        finally:
            self._open.pop()

    def _parse(self, text: str, file: str, suffix: str) -> tuple[ConfigDict, dict[str, Any]]:
        self.texts[file] = text
        if "{{" in text:
            if self.file_variables:
                text = fill_file_variables(text, file)
            if self.environment:
                text = fill_environment(text, short_path(file), self.used_environment)
            text = hide_base_variables(text, quote=suffix == ".json")
        if suffix == ".py":
            result, base = self._run_python(text, file)
        else:
            result, base = self._read_markup(text, file, suffix)
        check_bounds(result.values, short_path(file))
        _check_names(result.values, file)
        _warn_if_deprecated(result.values, file)
        child = settle(result.values, "", None)
        merge_into(base, child)
        base = _without_markers(settle(base, "", None))
        return base, result.imported

    def _run_python(self, text: str, file: str) -> tuple[Result, ConfigDict]:
        program = compile_config(text, file, self.lazy)
        base = self._merge_bases(program.bases, file, program.base_source)

        def import_base(module: str, where: str) -> Result:
            values, imported = self._load(_module_file(module, file, where), where)
            return Result(values, dict(imported))

        return run_config(program, file, base, import_base), base

    def _read_markup(self, text: str, file: str, suffix: str) -> tuple[Result, ConfigDict]:
        values = READERS[suffix](text, file)
        source = sources_of(values).get(BASE, Source(file))
        bases = as_bases(values.pop(BASE, []), source.place)
        base = self._merge_bases(bases, file, source)
        return Result(fill(values, base, file)), base

    def _merge_bases(self, bases: Iterable[str], file: str, source: Source) -> ConfigDict:
        merged = make_node({}, {})
        for name in bases:
            base = self._load(_base_file(name, file, source.place), source.place)[0]
            for key in merged.keys() & base.keys():
                first, second = (_origin(node, key) for node in (merged, base))
                raise ConfigError(
                    f"Two base configs set {key!r}: {first} and {second}",
                    where=source.place,
                    hint="Inherit from one of them, or move the key to its own config.",
                )
            for key, value in raw_items(base):
                merged.assign(key, value, base._sources_.get(key))
        return merged


def _read(file: str, where: str | None) -> str:
    """Return the text of a config."""
    name = brief_text(short_path(file), 300)
    try:
        if os.path.exists(file) and not os.path.isdir(file) and not os.path.isfile(file):
            raise ConfigError(f"{name!r} is a pipe or a device, no file", where=where)
        # Editors on Windows begin UTF-8 files with a byte order mark.
        return Path(file).read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise MissingFileError(f"There is no config {name!r}", where=where, hint=_near(file)) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"This is not UTF-8: byte 0x{error.object[error.start]:02x}",
            where=f"{name}:{line}",
            hint="Save the file as UTF-8.",
        ) from error
    except OSError as error:
        raise ConfigError(f"The config {name!r} cannot be read: {error.strerror}", where=where) from error


def _check_names(values: TrackedDict, file: str) -> None:
    for key in values:
        if not isinstance(key, str):
            source = sources_of(values).get(key, Source(file))
            raise ConfigError(
                f"The key of a section must be a text, got {brief(key)}",
                where=source.place,
                hint="Put it in quotes.",
            )


def _origin(node: ConfigDict, key: Any) -> str:
    source = node.source(key)
    return source.place if source is not None else "an unknown place"


def _base_file(name: str, file: str, where: str) -> str:
    """Return the path of what ``_base_`` names: relative to the config, absolute, or ``package::path``."""
    package, colons, path = name.partition("::")
    if colons:
        return os.path.join(_config_folder(package, where), path)
    return os.path.normpath(os.path.join(os.path.dirname(file), os.path.expanduser(name)))


def _config_folder(package: str, where: str) -> str:
    if package in _OWN_PACKAGES:
        package = "mmpretrain"
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            f"The package {package!r} is not installed, so its configs cannot be used", where=where
        )
    root = Path(spec.submodule_search_locations[0])
    folders = [root / ".mim" / "configs", root.parent / "configs", root / "configs"]
    return str(next((folder for folder in folders if folder.is_dir()), folders[0]))


def _module_file(module: str, file: str, where: str) -> str:
    """Return the file of a config that is imported in ``read_base()``."""
    name = module.lstrip(".")
    level = len(module) - len(name)
    relative = name.replace(".", os.sep) + ".py"
    if level:
        return os.path.normpath(os.path.join(os.path.dirname(file), *[".."] * (level - 1), relative))
    package, _, rest = name.partition(".")
    try:
        spec = importlib.util.find_spec(package)
    except (ValueError, ImportError):
        spec = None
    if not rest or spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"{module!r} names no config of an installed package", where=where)
    return os.path.join(spec.submodule_search_locations[0], rest.replace(".", os.sep) + ".py")


def _near(file: str) -> str | None:
    """Suggest files with a similar name, here or in neighbouring folders."""
    folder = Path(file).parent
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    if folder == Path(file).parent:
        names = [name for name in _listed(folder) if name.endswith((".py", *READERS))]
        close = close_matches(Path(file).name, names)
    else:
        close = close_matches(Path(file).relative_to(folder).parts[0], _listed(folder))
    if not close:
        return f"The folder {short_path(str(folder))} exists, the rest of the path does not."
    return f"Did you mean {' or '.join(repr(short_path(str(folder / name))) for name in close)}?"


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # no permission: then nothing is suggested
        return []


def _warn_if_deprecated(values: TrackedDict, file: str) -> None:
    notice = values.pop(DEPRECATION, None)
    if notice is None:
        return
    text = f"The config {short_path(file)} is deprecated."
    if not isinstance(notice, dict):
        notice = {"expected": notice}
    if "expected" in notice:
        text += f" Use {notice['expected']} instead."
    if "reference" in notice:
        text += f" See {notice['reference']}."
    warnings.warn(text, DeprecationWarning, stacklevel=2)


def _without_markers(value: Any) -> Any:
    """Drop ``_delete_`` where there was nothing to delete."""
    if isinstance(value, ConfigDict):
        if DELETE in value:
            path = value._path_
            value = without_delete(value, ConfigDict)
            object.__setattr__(value, "_path_", path)
        for key in list(dict.keys(value)):
            item = raw(value, key)
            if isinstance(item, (dict, list, tuple)):
                dict.__setitem__(value, key, _without_markers(item))
        return value
    if isinstance(value, (list, tuple)):
        return type(value)(_without_markers(item) for item in value)
    return value
