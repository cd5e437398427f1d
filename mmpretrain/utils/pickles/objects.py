"""What stands for the classes and functions that a pickle names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class PickleError(ValueError):
    """A pickle is damaged, or asks for something that is not data."""


class Constructor:
    """Stands for a class or function that a pickle may call; its function checks the arguments.

    The class itself is out of the pickle's reach, so it can be neither changed nor looked into.

    Args:
        path: Module and name, as in the pickle.
        make: Called with what the pickle gives as arguments, which may be anything.
    """

    __slots__ = ("make", "path")

    def __init__(self, path: str, make: Callable[..., Any]) -> None:
        self.path = path
        self.make = make

    def __repr__(self) -> str:
        return f"<class {self.path}>"


class Placeholder:
    """Stands for a class that is not known to be harmless, and for its objects. It keeps their data.

    Args:
        path: Module and name of the class.
        args: What the object was made with.
        kwargs: The same, by name.
    """

    # The dict for attributes comes into being when it is needed.
    __slots__ = ("__dict__", "__weakref__", "args", "kwargs", "path")

    def __init__(self, path: str, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> None:
        self.path = path
        self.args = args
        self.kwargs = kwargs or {}

    def call(self, *args: Any, **kwargs: Any) -> Placeholder:
        """Return what stands for an object that the class would make."""
        return Placeholder(self.path, args, kwargs)

    def set_state(self, state: Any) -> None:
        """Keep the state that a pickle gives to the object."""
        if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
            state = {**(state[0] if isinstance(state[0], dict) else {}), **state[1]}
        if isinstance(state, dict):
            vars(self).update((key, value) for key, value in state.items() if isinstance(key, str))
        else:
            vars(self)["state"] = state

    def __repr__(self) -> str:
        return f"<placeholder of {self.path}>"


def holds_placeholder(value: Any) -> bool:
    """Whether there is a placeholder in a nest of dicts, lists and tuples."""
    if isinstance(value, dict):
        return any(map(holds_placeholder, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(holds_placeholder, value))
    return isinstance(value, (Placeholder, Constructor))
