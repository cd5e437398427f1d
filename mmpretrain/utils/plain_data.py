"""Files that hold plain data: JSON, YAML, and pickles that cannot do anything else."""

from __future__ import annotations

import json
import math
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.utils import pickles
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.budget import BudgetError, check_nest
from mmpretrain.utils.fileio import BackendArgs, PathLike, read_bytes, read_text

_KINDS = ("json", "yaml", "yml", "pkl", "pickle")


def load(path: PathLike, file_format: str | None = None, backend_args: BackendArgs = None) -> Any:
    """Read a ``.json``, ``.yaml``, ``.yml``, ``.pkl`` or ``.pickle`` file.

    Pickles may hold containers, numbers, strings and NumPy arrays; anything else is refused.
    """
    kind = file_format or os.path.splitext(os.fspath(path).partition("::")[0])[1].lstrip(".").lower()
    if kind not in _KINDS:
        raise DataError(
            f"Files of the kind {kind!r} cannot be loaded",
            where=os.fspath(path),
            hint="Use json, yaml, yml, pkl or pickle.",
        )
    try:
        if kind in ("pkl", "pickle"):
            return load_pickle(read_bytes(path, backend_args))
        text = read_text(path, backend_args=backend_args)
        return _load_json(text) if kind == "json" else _load_yaml(text)
    except DataError as error:
        error.where = error.where or os.fspath(path)
        raise
    except (ValueError, RecursionError) as error:
        raise DataError(f"This is not a readable {kind} file ({error})", where=os.fspath(path)) from error


def _load_json(text: str) -> Any:
    try:
        value = json.loads(text)
    except RecursionError:
        raise BudgetError("its containers are nested too deeply") from None
    check_nest(value, len(text))
    return value


def parse_json(text: str, where: str) -> Any:
    """Parse JSON of a file.

    Raises:
        DataError: If it is not valid, or nested too deeply.
    """
    try:
        return _load_json(text)
    except ValueError as error:
        raise DataError(f"This is not readable JSON ({error})", where=where) from error


def _load_yaml(text: str) -> Any:
    import yaml

    from mmpretrain.utils import safe_yaml

    try:
        return safe_yaml.load(text)
    except RecursionError:
        raise BudgetError("its containers are nested too deeply") from None
    except yaml.YAMLError as error:
        raise ValueError(error) from error


def load_pickle(data: bytes, encoding: str = "ASCII") -> Any:
    """Unpickle plain data: containers, numbers, strings, NumPy arrays. Nothing else is imported or called.

    Raises:
        DataError: If the pickle is damaged, or holds anything else.
    """
    try:
        return pickles.loads(data, encoding)
    except ValueError as error:
        raise DataError(
            f"This pickle cannot be read as plain data: {error}", hint="Save it as JSON instead."
        ) from error


def dump(obj: Any, path: str | os.PathLike) -> None:
    """Write plain data (metrics, predictions) as JSON, YAML or pickle, as the suffix of the file says.

    Arrays and tensors become lists. JSON gets null for NaN and infinity, which it does not know.

    Raises:
        ConfigError: If the suffix is another.
    """
    suffix = Path(path).suffix
    content = plain_data(obj)
    if suffix in (".pkl", ".pickle"):
        data = pickle.dumps(content)
    elif suffix == ".json":
        data = json.dumps(finite(content), indent=2).encode()
    elif suffix in (".yaml", ".yml"):
        import yaml

        data = yaml.safe_dump(content, sort_keys=False).encode()
    else:
        raise ConfigError(f"Cannot tell how to write {str(path)!r}", hint="Use .json, .yaml or .pkl.")
    write_atomic(path, lambda file: file.write(data))


def plain_data(value: Any) -> Any:
    """Turn arrays and tensors into lists, and replace by None what has no counterpart in JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_data(item) for item in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return value if isinstance(value, (str, int, float, bool)) else None


def finite(value: Any) -> Any:
    """Return plain data with None for NaN and infinity, which JSON does not know."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(inner) for inner in value]
    return value
