"""Running the program that a pickle is, with nothing within its reach but the data that it makes.

The standard unpickler trusts the file: it imports what the file names, calls it, sets attributes of whatever
is on its stack, and allocates what a length field claims. This one has the same instructions, but

- a name becomes a :class:`Constructor` of a fixed table or a placeholder, and never the object itself;
- only objects that this machine made are filled, each kind in its own way;
- a length is compared with what the file holds before anything is read;
- memory beyond the instructions themselves is counted against a budget.
"""

from __future__ import annotations

import codecs
import pickle
import struct
from collections.abc import Callable, Mapping
from typing import Any

from mmpretrain.utils.budget import Budget, BudgetError
from mmpretrain.utils.pickles.filling import add_elements, extend, set_items
from mmpretrain.utils.pickles.objects import Constructor, PickleError, Placeholder

#: Numbers may have this many bytes, fewer than Python refuses to print.
_LONGEST_INT = 1024
#: What an object with a constructor costs, bytes; most cost less.
_OBJECT = 256
_SET = 216

#: A function that gives an object its state.
Fill = Callable[[Any, Any, Budget], None]


class Machine:
    """Runs one pickle, or several that follow each other.

    Args:
        data: The file, as bytes or mapped into memory.
        find: Returns what stands for a name: a constructor, a placeholder, or a constant.
        states: For each type of the objects that constructors make, how their state is set.
        persistent: Returns the object for an id that is kept outside of the pickle.
        encoding: Of the texts in pickles of Python 2; ``'bytes'`` leaves them as bytes.
        budget: Memory that may be taken.
        start: Where in ``data`` the pickle begins.
    """

    def __init__(
        self,
        data: Any,
        find: Callable[[str, str], Any],
        states: Mapping[type, Fill],
        persistent: Callable[[Any], Any] | None = None,
        encoding: str = "ASCII",
        budget: Budget | None = None,
        start: int = 0,
    ) -> None:
        self.data = data
        self.size = len(data)
        self.at = start
        self.find = find
        self.states = states
        self.persistent = persistent
        self.encoding = encoding
        self.budget = budget or Budget(self.size)
        self.memo: dict[int, Any] = {}
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []

    def load(self) -> Any:
        """Run the pickle at the present position, and move behind it.

        Raises:
            PickleError: If it is damaged, or wants to do what is not allowed.
            BudgetError: If it wants more memory than there is.
        """
        self.memo, self.stack, self.marks = {}, [], []
        actions = _ACTIONS
        data, begin = self.data, self.at
        try:
            while True:
                code = data[self.at]
                self.at += 1
                if code == 0x2E:  # STOP
                    return self.stack.pop()
                action = actions[code]
                if action is None:
                    raise PickleError(f"there is no instruction {code:#04x}")
                action(self)
        except (PickleError, BudgetError):
            raise
        except IndexError:
            what = "it is cut" if self.at >= self.size else f"it is damaged at byte {self.at - begin}"
            raise PickleError(what) from None
        except Exception as error:  # constructors get arguments of any kind
            raise PickleError(f"at byte {self.at - begin}: {error or type(error).__name__}") from error

    # -- reading ------------------------------------------------------------------------------------

    def _bytes(self, count: int) -> bytes:
        end = self.at + count
        if end > self.size:
            raise PickleError(f"a text of {count:,} bytes is longer than the rest of the file")
        chunk = self.data[self.at : end]
        self.at = end
        return chunk

    def _number(self, count: int) -> int:
        end = self.at + count
        if end > self.size:
            raise IndexError
        value = int.from_bytes(self.data[self.at : end], "little")
        self.at = end
        return value

    def _line(self) -> bytes:
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise IndexError
        line = self.data[self.at : end]
        self.at = end + 1
        return line

    def _marked(self) -> list[Any]:
        """Return the items above the last mark, and drop the mark."""
        items = self.stack
        self.stack = self.marks.pop()
        return items

    # -- constants ----------------------------------------------------------------------------------

    def none(self) -> None:
        self.stack.append(None)

    def true(self) -> None:
        self.stack.append(True)

    def false(self) -> None:
        self.stack.append(False)

    def int1(self) -> None:
        self.stack.append(self.data[self.at])
        self.at += 1

    def int2(self) -> None:
        self.stack.append(self._number(2))

    def int4(self) -> None:
        value = self._number(4)
        self.stack.append(value - (1 << 32) if value >> 31 else value)

    def int_text(self) -> None:
        line = self._line()
        self.stack.append(line == b"01" if line in (b"00", b"01") else self._integer(line))

    def long_text(self) -> None:
        self.stack.append(self._integer(self._line().rstrip(b"L")))

    def _integer(self, digits: bytes) -> int:
        if len(digits) > _LONGEST_INT:
            raise PickleError(f"a number of {len(digits):,} digits")
        return int(digits)

    def long1(self) -> None:
        self._long(self._number(1))

    def long4(self) -> None:
        self._long(self._number(4))

    def _long(self, count: int) -> None:
        if count > _LONGEST_INT:
            raise PickleError(f"a number of {count:,} bytes")
        self.stack.append(int.from_bytes(self._bytes(count), "little", signed=True))

    def float8(self) -> None:
        self.stack.append(struct.unpack(">d", self._bytes(8))[0])

    def float_text(self) -> None:
        self.stack.append(float(self._line()))

    # -- texts --------------------------------------------------------------------------------------

    def unicode1(self) -> None:
        count = self.data[self.at]
        start = self.at + 1
        self.at = end = start + count
        if end > self.size:
            raise IndexError
        self.stack.append(self.data[start:end].decode("utf-8", "surrogatepass"))

    def unicode4(self) -> None:
        self.stack.append(self._bytes(self._number(4)).decode("utf-8", "surrogatepass"))

    def unicode8(self) -> None:
        self.stack.append(self._bytes(self._number(8)).decode("utf-8", "surrogatepass"))

    def unicode_text(self) -> None:
        self.stack.append(self._line().decode("raw-unicode-escape"))

    def bytes1(self) -> None:
        self.stack.append(bytes(self._bytes(self._number(1))))

    def bytes4(self) -> None:
        self.stack.append(bytes(self._bytes(self._number(4))))

    def bytes8(self) -> None:
        self.stack.append(bytes(self._bytes(self._number(8))))

    def bytearray8(self) -> None:
        self.stack.append(bytearray(self._bytes(self._number(8))))

    def string1(self) -> None:
        self._string(self._bytes(self._number(1)))

    def string4(self) -> None:
        self._string(self._bytes(self._number(4)))

    def string_text(self) -> None:
        line = self._line().strip()
        if len(line) < 2 or line[:1] not in (b"'", b'"') or line[-1:] != line[:1]:
            raise PickleError("a text without quotes")
        self._string(codecs.escape_decode(line[1:-1])[0])  # type: ignore[attr-defined]

    def _string(self, text: bytes) -> None:
        """Keep a text of Python 2, which had one type for texts and for bytes."""
        if self.encoding == "bytes":
            self.stack.append(text)
            return
        try:
            self.stack.append(text.decode(self.encoding))
        except UnicodeDecodeError:
            self.stack.append(text.decode("latin1"))

    # -- containers ---------------------------------------------------------------------------------

    def empty_tuple(self) -> None:
        self.stack.append(())

    def empty_list(self) -> None:
        self.stack.append([])

    def empty_dict(self) -> None:
        self.stack.append({})

    def empty_set(self) -> None:
        self.budget.take(_SET)
        self.stack.append(set())

    def tuple1(self) -> None:
        self.stack[-1] = (self.stack[-1],)

    def tuple2(self) -> None:
        last = self.stack.pop()
        self.stack[-1] = (self.stack[-1], last)

    def tuple3(self) -> None:
        last, middle = self.stack.pop(), self.stack.pop()
        self.stack[-1] = (self.stack[-1], middle, last)

    def tuple_marked(self) -> None:
        items = self._marked()
        self.stack.append(tuple(items))

    def list_marked(self) -> None:
        items = self._marked()
        self.stack.append(items)

    def dict_marked(self) -> None:
        items = self._marked()
        made: dict[Any, Any] = {}
        set_items(made, items)
        self.stack.append(made)

    def frozenset_marked(self) -> None:
        items = self._marked()
        made: set[Any] = set()
        add_elements(made, items)
        self.budget.take(_SET)
        self.stack.append(frozenset(made))

    def append(self) -> None:
        item = self.stack.pop()
        target = self.stack[-1]
        if type(target) is list:
            target.append(item)
        else:
            extend(target, [item])

    def appends(self) -> None:
        items = self._marked()
        extend(self.stack[-1], items)

    def set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        target = self.stack[-1]
        if type(target) is dict and type(key) is str:
            target[key] = value
        else:
            set_items(target, [key, value])

    def set_items(self) -> None:
        items = self._marked()
        set_items(self.stack[-1], items)

    def add_items(self) -> None:
        items = self._marked()
        add_elements(self.stack[-1], items)

    # -- stack and memo -----------------------------------------------------------------------------

    def mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self._marked()

    def pop_mark(self) -> None:
        self._marked()

    def dup(self) -> None:
        self.stack.append(self.stack[-1])

    def memoize(self) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def put1(self) -> None:
        self.memo[self.data[self.at]] = self.stack[-1]
        self.at += 1

    def put4(self) -> None:
        self.memo[self._number(4)] = self.stack[-1]

    def put_text(self) -> None:
        self.memo[self._integer(self._line())] = self.stack[-1]

    def get1(self) -> None:
        self._get(self.data[self.at])
        self.at += 1

    def get4(self) -> None:
        self._get(self._number(4))

    def get_text(self) -> None:
        self._get(self._integer(self._line()))

    def _get(self, index: int) -> None:
        try:
            self.stack.append(self.memo[index])
        except KeyError:
            raise PickleError(f"it refers to an object {index} that it does not hold") from None

    def protocol(self) -> None:
        version = self.data[self.at]
        self.at += 1
        if version > pickle.HIGHEST_PROTOCOL:
            raise PickleError(f"its protocol is {version}, a later one than the latest")

    def frame(self) -> None:
        self._number(8)  # how much to read ahead, which does not matter in memory

    # -- names and objects --------------------------------------------------------------------------

    def name_text(self) -> None:
        module = self._line().decode("utf-8")
        self.stack.append(self.find(module, self._line().decode("utf-8")))

    def name_stacked(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise PickleError("the name of a class is not a text")
        self.stack.append(self.find(module, name))

    def reduce(self) -> None:
        args = self.stack.pop()
        self.stack[-1] = self.made(self.stack[-1], args)

    def new(self) -> None:
        args = self.stack.pop()
        self.stack[-1] = self.made(self.stack[-1], args)

    def new_with_names(self) -> None:
        kwargs, args = self.stack.pop(), self.stack.pop()
        self.stack[-1] = self.made(self.stack[-1], args, kwargs)

    def object_marked(self) -> None:
        items = self._marked()
        self.stack.append(self.made(items[0], tuple(items[1:])))

    def instance_text(self) -> None:
        self.name_text()
        found = self.stack.pop()
        items = self._marked()
        self.stack.append(self.made(found, tuple(items)))

    def made(self, found: Any, args: Any, kwargs: Any = None) -> Any:
        if type(args) is not tuple or type(kwargs or {}) is not dict:
            raise PickleError("the arguments of a call are not a tuple")
        self.budget.take(_OBJECT)
        if type(found) is Placeholder:
            return found.call(*args, **(kwargs or {}))
        if type(found) is not Constructor:
            raise PickleError(f"it calls a {type(found).__name__}")
        return found.make(self, *args, **(kwargs or {}))

    def build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if type(target) is Placeholder:
            target.set_state(state)
            return
        fill = self.states.get(type(target))
        if fill is None:
            raise PickleError(f"it sets attributes of a {type(target).__name__}")
        fill(target, state, self.budget)

    def persistent_stacked(self) -> None:
        self._persistent(self.stack.pop())

    def persistent_text(self) -> None:
        self._persistent(self._line().decode("ascii"))

    def _persistent(self, key: Any) -> None:
        if self.persistent is None:
            raise PickleError("it refers to objects outside of the file")
        self.stack.append(self.persistent(key))


#: Instruction -> method. Extension codes and buffers outside of the pickle are missing on purpose.
_ACTIONS: list[Callable[[Machine], None] | None] = [None] * 256
for _code, _name in {
    pickle.NONE: "none", pickle.NEWTRUE: "true", pickle.NEWFALSE: "false", pickle.BININT1: "int1",
    pickle.BININT2: "int2", pickle.BININT: "int4", pickle.INT: "int_text", pickle.LONG: "long_text",
    pickle.LONG1: "long1", pickle.LONG4: "long4", pickle.BINFLOAT: "float8", pickle.FLOAT: "float_text",
    pickle.SHORT_BINUNICODE: "unicode1", pickle.BINUNICODE: "unicode4", pickle.BINUNICODE8: "unicode8",
    pickle.UNICODE: "unicode_text", pickle.SHORT_BINBYTES: "bytes1", pickle.BINBYTES: "bytes4",
    pickle.BINBYTES8: "bytes8", pickle.BYTEARRAY8: "bytearray8", pickle.SHORT_BINSTRING: "string1",
    pickle.BINSTRING: "string4", pickle.STRING: "string_text", pickle.EMPTY_TUPLE: "empty_tuple",
    pickle.EMPTY_LIST: "empty_list", pickle.EMPTY_DICT: "empty_dict", pickle.EMPTY_SET: "empty_set",
    pickle.TUPLE1: "tuple1", pickle.TUPLE2: "tuple2", pickle.TUPLE3: "tuple3", pickle.TUPLE: "tuple_marked",
    pickle.LIST: "list_marked", pickle.DICT: "dict_marked", pickle.FROZENSET: "frozenset_marked",
    pickle.APPEND: "append", pickle.APPENDS: "appends", pickle.SETITEM: "set_item",
    pickle.SETITEMS: "set_items", pickle.ADDITEMS: "add_items", pickle.MARK: "mark", pickle.POP: "pop",
    pickle.POP_MARK: "pop_mark", pickle.DUP: "dup", pickle.MEMOIZE: "memoize", pickle.BINPUT: "put1",
    pickle.LONG_BINPUT: "put4", pickle.PUT: "put_text", pickle.BINGET: "get1", pickle.LONG_BINGET: "get4",
    pickle.GET: "get_text", pickle.PROTO: "protocol", pickle.FRAME: "frame", pickle.GLOBAL: "name_text",
    pickle.STACK_GLOBAL: "name_stacked", pickle.REDUCE: "reduce", pickle.NEWOBJ: "new",
    pickle.NEWOBJ_EX: "new_with_names", pickle.OBJ: "object_marked", pickle.INST: "instance_text",
    pickle.BUILD: "build", pickle.BINPERSID: "persistent_stacked", pickle.PERSID: "persistent_text",
}.items():  # fmt: skip
    _ACTIONS[_code[0]] = getattr(Machine, _name)
