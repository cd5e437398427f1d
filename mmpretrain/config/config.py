"""A config: the root node, and where it came from."""

from __future__ import annotations

import copy
import difflib
import importlib
import logging
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmpretrain.config.bounds import check_bounds
from mmpretrain.config.loader import Loading
from mmpretrain.config.merge import merge_into
from mmpretrain.config.node import ConfigDict, make_node, nest, settle
from mmpretrain.config.plain import Plain, foreign_parts
from mmpretrain.config.pretty import KINDS, WRITERS, to_python
from mmpretrain.config.source import COMMAND_LINE, Source
from mmpretrain.config.tracked import TrackedDict, raw_items, rebuild
from mmpretrain.errors import ConfigError, CustomImportError, MMPretrainError, add_note
from mmpretrain.utils.brief import brief
from mmpretrain.utils.former import compat

if TYPE_CHECKING:
    from typing_extensions import Self  # typing.Self from Python 3.11

logger = logging.getLogger(__name__)

#: What a config knows about itself. ``original`` is the 0.x config that it was translated from,
#: ``lines`` what was logged about that, ``said`` what dumps were found to lack.
_FIELDS = ("filename", "text", "env_variables", "translated", "original", "lines", "said")


class Config(ConfigDict):
    """A whole config.

    Args:
        cfg_dict: The values.
        cfg_text: Text that the values were read from.
        filename: File that they were read from.
        env_variables: Environment variables that the file used.

    Example:
        >>> cfg = Config.fromfile('configs/resnet/resnet50_8xb32_in1k.py')
        >>> cfg.merge_from_dict({'model.head.num_classes': 37})
        >>> str(cfg.source('model.backbone.depth'))
        'configs/_base_/models/resnet50.py:6 (model.backbone.depth)'
    """

    __slots__ = ("_about_",)
    _about_: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        node = super().__new__(cls)
        object.__setattr__(node, "_about_", {**dict.fromkeys(_FIELDS), "options": {}})
        return node

    def __init__(
        self,
        cfg_dict: Mapping[Any, Any] | None = None,
        cfg_text: str | None = None,
        filename: str | os.PathLike[str] | None = None,
        env_variables: dict[str, str] | None = None,
        format_python_code: bool = True,
    ) -> None:
        if cfg_dict is not None and not isinstance(cfg_dict, Mapping):
            raise TypeError(f"cfg_dict must be a dict, got {type(cfg_dict).__name__}")
        check_bounds(cfg_dict, None)
        super().__init__(cfg_dict)
        self._settle()
        if cfg_text is None and filename is not None:
            cfg_text = Path(filename).read_text(encoding="utf-8")
        self._about_.update(
            filename=None if filename is None else os.fspath(filename),
            text=cfg_text or "",
            env_variables=dict(env_variables or {}),
        )

    # -- reading ------------------------------------------------------------------------------------

    @classmethod
    def fromfile(
        cls,
        filename: str | os.PathLike[str],
        use_predefined_variables: bool = True,
        import_custom_modules: bool = True,
        use_environment_variables: bool = True,
        lazy_import: bool | None = None,
        format_python_code: bool = True,
        translate: bool = False,
    ) -> Config:
        """Read a ``.py``, ``.yaml`` or ``.json`` config with all that it inherits.

        Args:
            filename: The file.
            use_predefined_variables: Replace ``{{ fileDirname }}`` and similar variables.
            import_custom_modules: Import what ``custom_imports`` names.
            use_environment_variables: Replace ``{{ $NAME:default }}``.
            lazy_import: Whether imports in Python files are lazy; by default that depends on their style.
            format_python_code: Accepted for compatibility; the text is always formatted.
            translate: Translate the keys of MMClassification 0.x to those of today at once, and not when a
                run or a model is built; see :meth:`modern`.

        Raises:
            ConfigError: If a file is wrong, with its name and line.
            MissingFileError: If a file is missing.
        """
        loading = Loading(use_predefined_variables, use_environment_variables, lazy_import)
        values = loading.load(os.fspath(filename))
        return cls._make(values, loading, os.fspath(filename), import_custom_modules, translate)

    @classmethod
    def fromstring(cls, cfg_str: str, file_format: str) -> Config:
        """Read a config from a text.

        Args:
            cfg_str: The text.
            file_format: ``'.py'``, ``'.yaml'``, ``'.yml'`` or ``'.json'``.
        """
        if file_format not in WRITERS:
            raise ConfigError(f"file_format must be one of {', '.join(WRITERS)}, got {file_format!r}")
        loading = Loading()
        file = os.path.join(os.getcwd(), f"<string>{file_format}")
        return cls._make(loading.load_text(cfg_str, file, file_format), loading, None)

    @classmethod
    def from_values(cls, values: TrackedDict) -> Config:
        """Make a config of values that know their sources; nothing is imported for it."""
        return cls._make(settle(values, "", None), Loading(), None, False)

    @classmethod
    def _make(
        cls,
        values: ConfigDict,
        loading: Loading,
        filename: str | None,
        import_modules: bool = True,
        translate: bool = False,
    ) -> Config:
        node = rebuild(cls, dict(raw_items(values)), values._sources_, "")
        text = "\n".join(f"{file}\n{content}" for file, content in loading.texts.items())
        node._about_.update(filename=filename, text=text, env_variables=loading.used_environment)
        node._about_["translated"] = translate
        for path, what in foreign_parts(node):
            raise ConfigError(
                f"{what} cannot be part of a config",
                where=_place(node, path),
                hint="Give the values that are read from it, or del the variable.",
                key=path,
            )
        if import_modules:  # what a translation keeps of the user is looked up by then
            node.import_custom_modules()
        node._translate()
        return node

    def import_custom_modules(self) -> None:
        """Import what ``custom_imports`` names, so that its classes are registered.

        The working folder is searched too, as with ``python -m``.
        """
        custom = self.get("custom_imports")
        if not custom:
            return
        source = self.source("custom_imports")
        if isinstance(custom, Mapping):
            modules, allow_failed = custom.get("imports", []), custom.get("allow_failed_imports", False)
        else:
            modules, allow_failed = custom, False
        modules = [modules] if isinstance(modules, str) else modules
        if not isinstance(modules, (list, tuple)) or not all(map(_is_module_name, modules)):
            raise ConfigError(
                f"custom_imports must name modules, got {brief(modules)}",
                where=None if source is None else str(source),
                hint="For example: custom_imports = dict(imports=['my_package.my_model'])",
            )
        if os.getcwd() not in sys.path and "" not in sys.path:
            sys.path.append(os.getcwd())
        for module in modules:
            try:
                importlib.import_module(module)
            except ImportError as error:
                if not allow_failed:
                    raise CustomImportError(
                        f"custom_imports: {module!r} does not import ({error})",
                        where=None if source is None else str(source),
                        hint=_import_hint(module, error),
                    ) from error
                warnings.warn(f"custom_imports: {module!r} does not import ({error})", stacklevel=2)
            except SystemExit as error:
                raise CustomImportError(
                    f"custom_imports: {module!r} ends Python (exit code {error.code})",
                    where=None if source is None else str(source),
                    hint="Guard what only a script should do: if __name__ == '__main__'.",
                ) from error
            except Exception as error:
                add_note(error, f"This was raised while {module!r} was imported, which {source} asks for.")
                raise

    # -- changing -----------------------------------------------------------------------------------

    def merge_from_dict(
        self, options: Mapping[str, Any], allow_list_keys: bool = True, *, source: Source | None = None
    ) -> None:
        """Merge values given by dotted key, as ``--cfg-options`` does.

        Args:
            options: For example ``{'model.backbone.depth': 18, 'train_pipeline.1.scale': 192}``.
            allow_list_keys: Let numbers in a key stand for items of a list.
            source: The place that gave the values; the command line by default.
        """
        source = source or Source(COMMAND_LINE)
        check_bounds(options, source.place)
        original = self._about_["original"]
        old = (
            {key: value for key, value in options.items() if compat("v0").is_old_key(key)} if original else {}
        )
        if old:
            merge_into(original, nest(old, source), list_keys=allow_list_keys)
            dict.clear(self)
            self.merge(copy.deepcopy(original))
            options = self._about_["options"] | {key: options[key] for key in options if key not in old}
        self._about_["options"] |= options
        merge_into(self, nest(options, source), list_keys=allow_list_keys)
        self._settle()
        self._translate()

    def modern(self) -> Config:
        """Return the config with the keys of today; this one, if it has no keys of MMClassification 0.x.

        A script may read and change the old keys until then.
        """
        if not compat("v0").is_old(self):
            return self
        copied = copy.deepcopy(self)
        copied._about_["translated"] = True
        copied._translate()
        return copied

    def _translate(self) -> None:
        """Translate what is written for MMClassification 0.x."""
        if not self._about_["translated"] or not compat("v0").is_old(self):
            return
        self._about_["original"] = copy.deepcopy(make_node(dict(raw_items(self)), self._sources_))
        self._about_["lines"] = compat("v0").translate(self, said=self._about_["lines"] or ())
        self._settle()

    def _settle(self) -> None:
        """Let every node know its key path."""
        settled = settle(rebuild(ConfigDict, dict(raw_items(self)), self._sources_, ""), "", None)
        dict.update(self, raw_items(settled))

    # -- writing ------------------------------------------------------------------------------------

    @property
    def pretty_text(self) -> str:
        """The config as Python code; equal configs give equal texts."""
        return to_python(self)

    def dump(self, file: str | os.PathLike[str] | None = None) -> str | None:
        """Write the config to a ``.py``, ``.yaml`` or ``.json`` file, or return its text.

        Reading the file gives an equal config; JSON, which has no tuples, gives lists in their place. What a
        file cannot express, such as a lambda or a tensor, is named in a warning, and replaced by what it can.
        """
        if file is None:
            suffix = os.path.splitext(self.filename or "")[1]
            suffix = suffix if suffix in WRITERS else ".py"
            self._say_what_is_lost(KINDS[suffix])
            return WRITERS[suffix](self)
        suffix = os.path.splitext(os.fspath(file))[1]
        if suffix not in WRITERS:
            raise ConfigError(f"A config is dumped to {', '.join(WRITERS)}, got {os.fspath(file)!r}")
        self._say_what_is_lost(KINDS[suffix])
        # Half of a surrogate pair, which JSON can express, can only be written as an escape.
        text = WRITERS[suffix](self).encode("utf-8", "backslashreplace")
        Path(file).write_bytes(text)
        return None

    def _say_what_is_lost(self, kind: str) -> None:
        """Warn, once for each value, of what a kind of file cannot express."""
        plain = Plain(kind)
        plain.tree(self)
        said = self._about_["said"] or set()
        for path, note in plain.notes.items():
            if (path, note) not in said:
                logger.warning("%s: %s", _place(self, path), note)
        self._about_["said"] = said | set(plain.notes.items())

    @staticmethod
    def diff(cfg1: str | os.PathLike[str] | Config, cfg2: str | os.PathLike[str] | Config) -> str:
        """Return the lines that differ between the texts of two configs."""
        first, second = (
            cfg
            if isinstance(cfg, Config)
            else Config.fromfile(cfg, import_custom_modules=False, translate=True)
            for cfg in (cfg1, cfg2)
        )
        lines = difflib.unified_diff(
            first.pretty_text.split("\n"), second.pretty_text.split("\n"), lineterm=""
        )
        return "\n".join(lines)

    # -- about --------------------------------------------------------------------------------------

    @property
    def filename(self) -> str | None:
        """The file that was read."""
        return self._about_["filename"]

    @property
    def text(self) -> str:
        """The texts of the file and of all that it inherits."""
        return self._about_["text"]

    @property
    def env_variables(self) -> dict[str, str]:
        """Environment variables that the file used."""
        return self._about_["env_variables"]

    @property
    def _cfg_dict(self) -> Config:
        # Code for MMEngine reaches for the dict inside; here the config is that dict.
        return self

    def copy(self) -> Self:
        """Return a shallow copy."""
        return _with_about(super().copy(), self._about_)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return _with_about(super().__deepcopy__(memo), copy.deepcopy(self._about_))

    def __reduce_ex__(self, protocol: Any) -> tuple:
        rebuild_node, parts = super().__reduce_ex__(protocol)
        return (_unpickle, (rebuild_node, parts, self._about_))

    def __repr__(self) -> str:
        return f"Config (path: {self.filename}): {super().__repr__()}"


def _is_module_name(name: Any) -> bool:
    return isinstance(name, str) and all(part.isidentifier() for part in name.split("."))


def _import_hint(module: str, error: ImportError) -> str | None:
    """Return a hint for a module that cannot be imported, by the name that was not found."""
    if isinstance(error, MMPretrainError):  # its message says what is wrong
        return None
    missing = error.name or ""
    if missing == module or module.startswith(f"{missing}."):
        return "Put the folder that contains it on PYTHONPATH, or run from that folder."
    return f"Change the imports of {module}."


def _place(node: ConfigDict, path: str) -> str:
    """Return file, line and path of a value; the nearest part above it that knows its line gives it."""
    part = path
    while part:
        source = node.source(part)
        if source is not None:
            return f"{source.place} ({path})"
        part = part.rpartition(".")[0]
    return path


def _with_about(node: Any, about: dict[str, Any]) -> Any:
    object.__setattr__(node, "_about_", dict(about))
    return node


def _unpickle(rebuild_node: Any, parts: tuple, about: dict[str, Any]) -> Config:
    return _with_about(rebuild_node(*parts), about)
