"""An open record with two kinds of fields: data and meta information."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import numpy as np
import torch
from typing_extensions import Self

FieldType = Literal["data", "metainfo"]

#: The attribute that says which kind each field is of.
KINDS = "_field_types"
#: What it is in elements that 1.x pickled: the names of either kind.
_OLD_META, _OLD_DATA = "_metainfo_fields", "_data_fields"


class BaseDataElement:
    """A record whose fields are its attributes.

    *Data* fields (labels, scores, masks) follow :meth:`to`, :meth:`numpy` and so on, and are what
    assignment sets; *metainfo* fields (shapes, paths) stay as they are and are set by
    :meth:`set_metainfo`. A name belongs to one kind only. Fields keep the order in which they were set.

    Args:
        metainfo: Meta information, copied.
        **kwargs: Data fields.

    Example:
        >>> element = BaseDataElement(metainfo=dict(img_shape=(4, 4)), score=torch.ones(2))
        >>> element.label = 3
        >>> element.keys(), element.metainfo
        (['score', 'label'], {'img_shape': (4, 4)})
    """

    def __init__(self, *, metainfo: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        object.__setattr__(self, KINDS, {})
        if metainfo is not None:
            self.set_metainfo(metainfo)
        if kwargs:
            self.set_data(kwargs)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over the fields of an element that was pickled, here or by 1.x."""
        if KINDS not in state:
            meta = set(state.get(_OLD_META, ()))
            fields = {name: value for name, value in state.items() if name not in (_OLD_META, _OLD_DATA)}
            state = {KINDS: {name: "metainfo" if name in meta else "data" for name in fields}, **fields}
        vars(self).update(state)

    # -- setting ------------------------------------------------------------------------------------

    def set_field(
        self,
        value: Any,
        name: str,
        dtype: type | tuple[type, ...] | None = None,
        field_type: FieldType = "data",
    ) -> None:
        """Set one field; properties of subclasses call this from their setter.

        Args:
            value: The value.
            name: The name of the field.
            dtype: The type, or types, that the value must have.
            field_type: Whether it is data or meta information.

        Raises:
            AttributeError: If the name is a field of the other kind already.
        """
        if field_type not in ("data", "metainfo"):
            raise ValueError(f"field_type must be 'data' or 'metainfo', got {field_type!r}")
        if name == KINDS:
            raise AttributeError(f"{name!r} is reserved")
        if dtype is not None and not isinstance(value, dtype):
            raise TypeError(f"{name!r} must be of type {dtype}, got {type(value).__name__}: {value!r}")
        kinds: dict[str, FieldType] = vars(self)[KINDS]
        if kinds.get(name, field_type) != field_type:
            raise AttributeError(f"Cannot set {name!r} as {field_type}: it is a {kinds[name]} field already")
        kinds[name] = field_type
        object.__setattr__(self, name, value)

    def set_data(self, data: Mapping[str, Any]) -> None:
        """Set several data fields."""
        for name, value in data.items():
            setattr(self, name, value)

    def set_metainfo(self, metainfo: Mapping[str, Any]) -> None:
        """Set several metainfo fields to copies of the values given."""
        kinds: dict[str, FieldType] = vars(self)[KINDS]
        own = type(self).set_field is not BaseDataElement.set_field
        for name, value in metainfo.items():
            if own or kinds.get(name, "metainfo") != "metainfo" or name == KINDS:
                self.set_field(_copied(value), name, field_type="metainfo")
            else:  # the same without a call, as every sample of a data set comes here
                kinds[name] = "metainfo"
                object.__setattr__(self, name, value if type(value) in _IMMUTABLE else _copied(value))

    def update(self, instance: BaseDataElement) -> None:
        """Take over all fields of another element."""
        self.set_metainfo(instance.metainfo)
        self.set_data(dict(instance.items()))

    def __setattr__(self, name: str, value: Any) -> None:
        self.set_field(value, name)

    # -- removing -----------------------------------------------------------------------------------

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        vars(self)[KINDS].pop(name, None)

    __delitem__ = __delattr__

    def pop(self, name: str, *default: Any) -> Any:
        """Remove a field and return its value, or the default if there is no such field."""
        if name not in self and default:
            return default[0]
        if name not in self:
            raise KeyError(f"{name!r} is not a field; the fields are {self.all_keys()}")
        value = getattr(self, name)
        delattr(self, name)
        return value

    # -- getting ------------------------------------------------------------------------------------

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a field or property, or ``default``."""
        return getattr(self, key, default)

    def __contains__(self, item: object) -> bool:
        return item in vars(self)[KINDS]

    def _names(self, kind: FieldType) -> list[str]:
        return [name for name, its_kind in vars(self)[KINDS].items() if its_kind == kind]

    def keys(self) -> list[str]:
        """Names of the data fields, without those in which a property keeps its value (``_name``)."""
        names = self._names("data")
        backing = {f"_{name}" for name in names if isinstance(getattr(type(self), name, None), property)}
        return [name for name in names if name not in backing]

    def metainfo_keys(self) -> list[str]:
        """Names of the metainfo fields."""
        return self._names("metainfo")

    def all_keys(self) -> list[str]:
        """Names of the metainfo fields, then of the data fields."""
        return self.metainfo_keys() + self.keys()

    def items(self) -> Iterator[tuple[str, Any]]:
        """Pairs of the data fields."""
        return ((name, getattr(self, name)) for name in self.keys())

    def metainfo_items(self) -> Iterator[tuple[str, Any]]:
        """Pairs of the metainfo fields."""
        return ((name, getattr(self, name)) for name in self.metainfo_keys())

    def all_items(self) -> Iterator[tuple[str, Any]]:
        """Pairs of the metainfo fields, then of the data fields."""
        return ((name, getattr(self, name)) for name in self.all_keys())

    def values(self) -> list[Any]:
        """Values of the data fields."""
        return [value for _, value in self.items()]

    def metainfo_values(self) -> list[Any]:
        """Values of the metainfo fields."""
        return [value for _, value in self.metainfo_items()]

    def all_values(self) -> list[Any]:
        """Values of the metainfo fields, then of the data fields."""
        return [value for _, value in self.all_items()]

    @property
    def metainfo(self) -> dict[str, Any]:
        """The meta information as a dict."""
        return dict(self.metainfo_items())

    def to_dict(self) -> dict[str, Any]:
        """All fields as a dict; nested elements become dicts too."""
        return {
            name: value.to_dict() if isinstance(value, BaseDataElement) else value
            for name, value in self.all_items()
        }

    # -- copies -------------------------------------------------------------------------------------

    def new(self, *, metainfo: Mapping[str, Any] | None = None, **kwargs: Any) -> Self:
        """A new element of the same type with the same fields, or with those given in their stead.

        Args:
            metainfo: Replaces all meta information.
            **kwargs: Replace all data fields.
        """
        element = type(self)()
        element.set_metainfo(self.metainfo if metainfo is None else metainfo)
        element.set_data(kwargs or dict(self.items()))
        return element

    def clone(self) -> Self:
        """A new element with the same fields; the data is shared, not copied."""
        return self.new()

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """A copy with ``value.to(...)`` for each data field that can."""
        return self._convert(lambda value: value.to(*args, **kwargs) if hasattr(value, "to") else value)

    def cpu(self) -> Self:
        """A copy with tensors on the CPU."""
        return self._convert_tensors("cpu")

    def cuda(self) -> Self:
        """A copy with tensors on the current CUDA device."""
        return self._convert_tensors("cuda")

    def detach(self) -> Self:
        """A copy with tensors cut off from the graph."""
        return self._convert_tensors("detach")

    def numpy(self) -> Self:
        """A copy with NumPy arrays for tensors."""
        return self._convert(
            lambda value: (
                value.detach().cpu().numpy() if isinstance(value, (torch.Tensor, BaseDataElement)) else value
            )
        )

    def to_tensor(self) -> Self:
        """A copy with tensors for NumPy arrays; they share memory."""

        def convert(value: Any) -> Any:
            if isinstance(value, BaseDataElement):
                return value.to_tensor()
            return torch.from_numpy(value) if isinstance(value, np.ndarray) else value

        return self._convert(convert)

    def _convert_tensors(self, method: str) -> Self:
        def convert(value: Any) -> Any:
            return getattr(value, method)() if isinstance(value, (torch.Tensor, BaseDataElement)) else value

        return self._convert(convert)

    def _convert(self, function: Callable[[Any], Any]) -> Self:
        element = self.new()
        element.set_data({name: function(value) for name, value in self.items()})
        return element

    # -- showing ------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        sections = []
        for title, items in (("META INFORMATION", self.metainfo_items()), ("DATA FIELDS", self.items())):
            lines = [f"    {name}: {str(value).replace(chr(10), chr(10) + ' ' * 4)}" for name, value in items]
            if lines:
                sections.append("\n".join([title, *lines]))
        body = "".join(f"\n\n{section}" for section in sections)
        return f"<{type(self).__name__}({body}\n\n) at {hex(id(self))}>"


_IMMUTABLE = frozenset({int, float, bool, str, bytes, type(None)})


def _copied(value: Any) -> Any:
    """A deep copy, which of most values is the value itself."""
    kind = type(value)
    if kind in _IMMUTABLE or (kind is tuple and _IMMUTABLE.issuperset(map(type, value))):
        return value
    return copy.deepcopy(value)
