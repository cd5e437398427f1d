"""Classes whose objects are found by name, as MMEngine's ``ManagerMixin`` made them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, ClassVar, TypeVar

from mmpretrain.errors import ConfigError

T = TypeVar("T", bound="ManagerMixin")


class ManagerMeta(type):
    """Gives each class a table of its own objects."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        cls._instance_dict: OrderedDict[str, Any] = OrderedDict()


class ManagerMixin(metaclass=ManagerMeta):
    """Base of classes whose objects are found by name.

    mmpretrain itself does not use it: a run passes its parts as arguments.

    Args:
        name: Name of the object.
        **kwargs: Accepted for classes further on.
    """

    _instance_dict: ClassVar[OrderedDict[str, Any]]

    def __init__(self, name: str = "", **kwargs: Any) -> None:
        if not isinstance(name, str) or not name:
            raise ConfigError(f"{type(self).__name__} needs a name, got {name!r}", key="name")
        self._instance_name = name

    @property
    def instance_name(self) -> str:
        """Name of the object."""
        return self._instance_name

    @classmethod
    def get_instance(cls: type[T], name: str, **kwargs: Any) -> T:
        """Return the object of a name, which is made if there is none."""
        if not isinstance(name, str):
            raise TypeError(f"name must be a string, got {name!r}")
        if name not in cls._instance_dict:
            cls._instance_dict[name] = cls(name=name, **kwargs)
        return cls._instance_dict[name]

    @classmethod
    def get_current_instance(cls: type[T]) -> T:
        """Return the object that was made last."""
        if not cls._instance_dict:
            raise RuntimeError(
                f"There is no {cls.__name__} yet: call {cls.__name__}.get_instance(name) first"
            )
        return next(reversed(cls._instance_dict.values()))

    @classmethod
    def check_instance_created(cls, name: str) -> bool:
        """Whether there is an object of that name."""
        return name in cls._instance_dict
