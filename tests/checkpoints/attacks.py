"""Files that attack whoever reads them, made of pickle instructions."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterable

HUGE = 10**10


def name(path: str) -> bytes:
    module, _, attribute = path.rpartition(".")
    return f"c{module}\n{attribute}\n".encode()


def num(value: int) -> bytes:
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def raw(value: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(value)) + value


def tup(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def lst(*items: bytes) -> bytes:
    return b"](" + b"".join(items) + b"e"


def dic(*items: bytes) -> bytes:
    return b"}(" + b"".join(items) + b"u"


def call(function: str | bytes, *args: bytes) -> bytes:
    return (name(function) if isinstance(function, str) else function) + tup(*args) + b"R"


def build(target: bytes, state: bytes) -> bytes:
    return target + state + b"b"


def nums(values: Iterable[int]) -> bytes:
    return tup(*map(num, values))


_RANGE = call("builtins.range", num(HUGE))
_TYPE = "numpy.dtype"


def dtype(code: str, state: bytes | None = None) -> bytes:
    made = call(_TYPE, text(code), b"\x89", b"\x88")
    return made if state is None else build(made, state)


def array(shape: bytes, kind: bytes, data: bytes) -> bytes:
    shell = call("numpy.core.multiarray._reconstruct", name("numpy.ndarray"), nums([0]), raw(b"b"))
    return build(shell, tup(num(1), shape, kind, b"\x89", data))


def _doubled(make: bytes, times: int = 60) -> bytes:
    return b")" + make * times


_OBJECTS = tup(num(3), text("|"), b"NNN", num(-1), num(-1), num(0))
_FIELDS = tup(
    num(3), text("|"), b"N", tup(text("a")), dic(text("a"), tup(dtype("O8"), num(0))), num(8), num(1), num(0)
)
#: 2^61 - 1 times a number has the hash 0.
_COLLIDING = b"}(" + b"".join(num((2**61 - 1) * i) + b"N" for i in range(5_000)) + b"u"
_LIST = b"](" + b"N" * 50_000 + b"eq\x00"

#: What asks for too much, or for what it must not get. Every reader must say no in a sentence.
REFUSED: dict[str, bytes] = {
    "set of a range": call("builtins.set", _RANGE),
    "frozenset of a range": call("builtins.frozenset", _RANGE),
    "list of a range": call("builtins.list", _RANGE),
    "tuple of a range": call("builtins.tuple", _RANGE),
    "deque of a range": call("collections.deque", _RANGE),
    "counter of a range": call("collections.Counter", _RANGE),
    "dict of a range": call("builtins.dict", _RANGE),
    "range": _RANGE,
    "bytearray of a number": call("builtins.bytearray", num(HUGE)),
    "bytes of a number": call("builtins.bytes", num(HUGE)),
    "list extended by a range": b"]" + _RANGE + b"e",
    "list of a memoised list, again and again": _LIST
    + b"(" + (name("builtins.list") + b"h\x00\x85R") * 20_000 + b"t",
    "bytes of a memoised text, again and again": text("x" * 100_000) + b"q\x00("
    + (name("_codecs.encode") + b"h\x00\x85R") * 20_000 + b"t",
    "memo index": b"Nr\xff\xff\xff\x7f" + b"j\xff\xff\xff\x7e",
    "memo index as text": b"Np99999999999999\ng88888888888888\n",
    "bytes that claim 2^40": b"\x8e" + struct.pack("<Q", 1 << 40) + b"x",
    "text that claims 2^40": b"\x8d" + struct.pack("<Q", 1 << 40) + b"x",
    "bytearray that claims 2^40": b"\x96" + struct.pack("<Q", 1 << 40) + b"x",
    "bytes that claim 2^32": b"B\xff\xff\xff\xffx",
    "number that claims 2^31": b"\x8b\xff\xff\xff\x7fx",
    "number of a million bytes": b"\x8b" + struct.pack("<i", 1_000_000) + b"\x01" * 1_000_000,
    "number of a million digits": b"L" + b"9" * 1_000_000 + b"L\n",
    "old text that claims 2^31": b"T\xff\xff\xff\x7fx",
    "tuples doubled": _doubled(b"2\x86"),
    "lists doubled": b"]" + b"q\x00](h\x00h\x00e" * 40,
    "dicts doubled": b"}" + b"q\x00}(K\x00h\x00K\x01h\x00u" * 40,
    "doubled tuple as a key": b"}" + _doubled(b"2\x86") + b"Ns",
    "doubled tuple in a set": b"\x8f(" + _doubled(b"2\x86") + b"\x90",
    "100,000 lists in each other": b"]" * 100_000 + b"a" * 99_999,
    "100,000 tuples in each other": b")" + b"\x85" * 100_000,
    "100,000 marks": b"(" * 100_000,
    "a list that contains itself": b"]q\x00h\x00a",
    "a dict that contains itself": b"}q\x00K\x00h\x00s",
    "keys of one hash": _COLLIDING,
    "items of a text": text("x") + b"K\x00Ns",
    "items of a class": name("builtins.dict") + b"K\x00Ns",
    "elements of a number": b"K\x01(NNe",
    "elements of a tuple": b")(NN\x90",
    "state of a number": b"K\x01}b",
    "state of a dict": b"}" + dic(text("x"), b"N") + b"b",
    "state of a class": build(name("collections.OrderedDict"), tup(b"N", dic(text("update"), b"N"))),
    "state of a path": build(name("pathlib.PurePosixPath"), tup(b"N", dic(text("name"), b"N"))),
    "state of a type of NumPy": build(name("numpy.float64"), tup(b"N", dic(text("x"), b"N"))),
    "state of a function": build(name("_codecs.encode"), dic(text("x"), b"N")),
    "state of a function of torch": build(
        name("torch._utils._rebuild_tensor"), dic(text("__code__"), b"N")
    ),
    "a call of a list": b"])R",
    "a call of a text": text("x") + b")R",
    "arguments that are no tuple": name("builtins.list") + b"]R",
    "the codec zlib": call("_codecs.encode", text("x"), text("zlib")),
    "the codec of a module": call("_codecs.encode", text("x"), text("idna")),
    "objects from bytes": array(nums([1]), dtype("O8"), raw(bytes(8))),
    "objects from bytes by flags": array(nums([1]), dtype("O8", _OBJECTS), raw(bytes(8))),
    "objects in fields": array(nums([1]), dtype("V8", _FIELDS), raw(bytes(8))),
    "numbers from a list": array(nums([1]), dtype("f8"), lst(text("x"))),
    "a scalar of an object": call("numpy.core.multiarray.scalar", dtype("O8"), raw(bytes(8))),
    "a buffer of objects": call(
        "numpy.core.numeric._frombuffer", raw(bytes(8)), dtype("O8"), nums([1]), text("C")
    ),
    "an array larger than its bytes": array(nums([1 << 40]), dtype("f8"), raw(bytes(8))),
    "an array of a negative size": array(nums([-1]), dtype("f8"), raw(bytes(8))),
    "an array whose size overflows": array(nums([1 << 62, 4]), dtype("u1"), raw(b"")),
    "an array of objects that are not there": array(nums([1 << 40]), dtype("O8"), lst(b"N")),
    "an array filled twice": build(
        array(nums([1]), dtype("u1"), raw(b"x")), tup(num(1), nums([9]), dtype("u1"), b"\x89", raw(b"x" * 9))
    ),
    "a type of commas": dtype("f8,O8"),
    "a type of Python": dtype("os.system"),
    "a text type of 4 GB": array(nums([1]), dtype("U1073741823"), raw(bytes(8))),
    "a scalar without bytes": call("numpy.core.multiarray.scalar", dtype("f8"), raw(b"")),
    "a date of month 99": call("datetime.datetime", raw(b"\x07\xd0\x63" + bytes(7))),
    "a time of hour 99": call("datetime.time", raw(b"\x63" + bytes(5))),
    "an extension code": b"\x82\x01",
    "a buffer from outside": b"\x97",
    "a name that is no text": b"K\x01K\x02\x93",
    "an unknown instruction": b"\xff",
    "nothing on the stack": b"0" * 5,
    "a cut text": b"\x8c\x7fabc",
}  # fmt: skip

#: What names code. Readers of checkpoints keep it as a placeholder, readers of plain data refuse it.
INERT: dict[str, bytes] = {
    "os.system": call("os.system", text("touch reached")),
    "posix.system": call("posix.system", text("touch reached")),
    "INST": b"(" + text("touch reached") + b"ios\nsystem\n",
    "OBJ": b"(" + name("os.system") + text("touch reached") + b"o",
    "NEWOBJ": name("subprocess.Popen") + tup(text("touch reached")) + b"\x81",
    "NEWOBJ_EX": name("subprocess.Popen") + tup(text("touch")) + dic(text("shell"), b"\x88") + b"\x92",
    "eval": call("builtins.eval", text("open('reached', 'w')")),
    "open": call("builtins.open", text("reached"), text("w")),
    "getattr": call(
        call("builtins.getattr", name("os.path"), text("os")), text("system"), text("touch reached")
    ),
    "torch.load": call("torch.serialization.load", text("reached")),
    "storage from bytes": call("torch.storage._load_from_bytes", raw(b"x")),
    "numpy.load": call("numpy.lib.npyio.load", text("reached")),
    "operator.attrgetter": call("operator.attrgetter", text("__globals__")),
    "types.FunctionType": call("types.FunctionType", text("x"), b"}"),
    "functools.partial": build(call("functools.partial", name("os.system")), tup(name("os.system"), b")}N")),
    "state of a module": build(name("mmpretrain.errors"), dic(text("located"), b"N")),
    "dotted name": text("builtins") + text("object.__subclasses__") + b"\x93)R",
}  # fmt: skip


def plain_pickle(program: bytes) -> bytes:
    return b"\x80\x04" + program + b"."


def archive(program: bytes, records: dict[str, bytes] | None = None, compress: bool = False) -> bytes:
    """A checkpoint whose ``meta`` is what a program makes, with some storages."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as made:
        made.writestr("a/data.pkl", b"\x80\x02}" + text("meta") + program + b"s.")
        made.writestr("a/version", "3\n")
        for key, data in (records or {}).items():
            made.writestr(f"a/{key}", data)
    return file.getvalue()


def old_file(program: bytes, storages: bytes = b"].") -> bytes:
    """The same in the layout before PyTorch 1.6."""
    head = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {}))
    return head + b"\x80\x02}" + text("meta") + program + b"s." + storages


def storage(count: int, key: str = "0", kind: str = "torch.FloatStorage") -> bytes:
    return tup(text("storage"), name(kind), text(key), text("cpu"), num(count)) + b"Q"


def tensor(place: bytes, offset: int, size: Iterable[int], stride: Iterable[int]) -> bytes:
    hooks = call("collections.OrderedDict")
    return call(
        "torch._utils._rebuild_tensor_v2", place, num(offset), nums(size), nums(stride), b"\x89", hooks
    )


_FOUR = {"data/0": bytes(16)}  # four numbers of four bytes


def _archive(place: bytes, offset: int, size: list[int], stride: list[int]) -> bytes:
    return archive(tensor(place, offset, size, stride), _FOUR)


_SCHEME = tup(name("torch.per_channel_affine"), lst(b"G" + bytes(8)), lst(num(0)), num(7))
_SPARSE = tup(
    tensor(storage(2, "1", "torch.LongStorage"), 0, [1, 2], [2, 1]),
    tensor(storage(4), 0, [2], [1]),
    nums([4]),
)


def _layout(kind: str) -> bytes:
    return call("torch.serialization._get_layout", text(kind))


def _lying_size() -> bytes:
    data = archive(tensor(storage(4), 0, [4], [1]), _FOUR)
    at = data.rindex(b"PK\x01\x02")  # the last entry of the directory is the storage
    return data[: at + 20] + struct.pack("<II", 1 << 30, 1 << 30) + data[at + 28 :]


def _overlapping() -> bytes:
    """Each of many storages is the whole file."""
    count = 300
    program = tup(*(tensor(storage(250_000, str(i)), 0, [250_000], [1]) for i in range(count)))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a/data.pkl", b"\x80\x02}" + text("meta") + program + b"s.")
        made.writestr("a/version", "3\n")
        made.writestr("a/data/0", bytes(1_000_000))
        first = made.infolist()[-1]
        for i in range(1, count):
            info = zipfile.ZipInfo(f"a/data/{i}")
            info.file_size, info.compress_size, info.CRC = first.file_size, first.compress_size, first.CRC
            info.header_offset = first.header_offset
            made.filelist.append(info)
            made.NameToInfo[info.filename] = info
        made._didModify = True
    return file.getvalue()


def _script_in_itself() -> bytes:
    program = name("__torch__.M") + b")\x81q\x00" + dic(text("inner"), b"h\x00") + b"b"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a/data.pkl", b"\x80\x02" + program + b".")
        made.writestr("a/constants.pkl", b"")
    return file.getvalue()


def _safetensors(header: dict | bytes, data: bytes = bytes(16), size: int | None = None) -> bytes:
    packed = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(packed) if size is None else size) + packed + data


def _entry(begin: int, end: int, shape: list[int]) -> dict:
    return {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}


_KEY = b"](" + text("0") + b"e."

#: Whole files: name of the file and its bytes.
FILES: dict[str, Callable[[], tuple[str, bytes]]] = {
    key: (lambda make=make, ending=ending: (f"a.{ending}", make()))
    for key, ending, make in (
        ("a storage that claims more than its record", "pth",
         lambda: _archive(storage(1 << 30), 0, [1 << 30], [1])),
        ("a storage without a record", "pth", lambda: _archive(storage(4, "9"), 0, [4], [1])),
        ("a tensor beyond its storage", "pth", lambda: _archive(storage(4), 0, [5], [1])),
        ("strides beyond the storage", "pth", lambda: _archive(storage(4), 0, [2, 2], [100, 1])),
        ("an offset beyond the storage", "pth", lambda: _archive(storage(4), 4, [1], [1])),
        ("a negative offset", "pth", lambda: _archive(storage(4), -4, [1], [1])),
        ("a negative stride", "pth", lambda: _archive(storage(4), 3, [4], [-1])),
        ("a number repeated 2^40 times", "pth", lambda: _archive(storage(4), 0, [1 << 40], [0])),
        ("a size that overflows", "pth",
         lambda: _archive(storage(4), 0, [1 << 40, 1 << 40], [0, 0])),
        ("a storage viewed 100,000 times", "pth", lambda: archive(
            b"(" + tensor(storage(250_000), 0, [250_000], [1]) + b"q\x00"
            + call("torch._utils._rebuild_tensor_v2", storage(250_000), num(0), nums([250_000]), nums([1]),
                   b"\x89", b"N") * 2_000 + b"t", {"data/0": bytes(1_000_000)})),
        ("a quantized axis that is not there", "pth", lambda: archive(
            call("torch._utils._rebuild_qtensor", storage(4, kind="torch.QInt8Storage"), num(0), nums([4]),
                 nums([1]), _SCHEME, b"\x89", b"N"), _FOUR)),
        ("a sparse index beyond the size", "pth", lambda: archive(
            call("torch._utils._rebuild_sparse_tensor", _layout("torch.sparse_coo"), _SPARSE),
            {**_FOUR, "data/1": struct.pack("<qq", 1 << 40, -3)})),
        ("a layout that is none", "pth", lambda: archive(_layout("torch.load"), _FOUR)),
        ("a record that claims a gigabyte", "pth", _lying_size),
        ("records that lie over each other", "pth", _overlapping),
        ("a storage of compressed zeros", "pth", lambda: archive(
            tensor(storage(1 << 24), 0, [1 << 24], [1]), {"data/0": bytes(1 << 26)}, compress=True)),
        ("a pickle of compressed zeros", "pth", lambda: archive(b"N" + b"\0" * (1 << 26), compress=True)),
        ("a directory that is cut", "pth", lambda: _archive(storage(4), 0, [4], [1])[:-30]),
        ("a ZIP archive of something else", "pth", lambda: _zip_of("readme.txt")),
        ("a script whose module contains itself", "pt", _script_in_itself),
        ("an old file that claims more than it holds", "pth",
         lambda: old_file(tensor(storage(1 << 33), 0, [1], [1]), _KEY + struct.pack("<q", 1 << 33))),
        ("an old file that is cut", "pth",
         lambda: old_file(tensor(storage(4), 0, [4], [1]), _KEY + bytes(8))),
        ("an old file with a part outside of a storage", "pth", lambda: old_file(
            tensor(tup(text("storage"), name("torch.FloatStorage"), text("0"), text("cpu"), num(4),
                       tup(text("v"), num(2), num(1 << 30))) + b"Q", 0, [1], [1]),
            _KEY + struct.pack("<q", 4) + bytes(16))),
        ("a tar archive", "pth", lambda: bytes(257) + b"ustar" + bytes(1000)),
        ("nothing", "pth", lambda: b""),
        ("a pickle that is no checkpoint", "pth", lambda: pickle.dumps({"a": 1})),
        ("a header that claims 2^62", "safetensors", lambda: _safetensors({}, size=1 << 62)),
        ("a header of deep nests", "safetensors", lambda: _safetensors(b"[" * 100_000)),
        ("tensors that lie over each other", "safetensors",
         lambda: _safetensors({"a": _entry(0, 16, [4]), "b": _entry(0, 16, [4])})),
        ("a shape larger than its bytes", "safetensors",
         lambda: _safetensors({"a": _entry(0, 16, [1 << 40])})),
        ("offsets outside of the file", "safetensors",
         lambda: _safetensors({"a": _entry(0, 1 << 40, [1 << 38])})),
    )
}  # fmt: skip


def _zip_of(file: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        zipped.writestr(file, "x")
    return made.getvalue()


_LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30)
)
_MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 30)
)

#: Annotation files besides pickles.
ANNOTATIONS: dict[str, tuple[str, bytes]] = {
    "JSON of deep nests": ("a.json", b"[" * 100_000 + b"]" * 100_000),
    "JSON of nests as deep as Python allows": ("a.json", b"[" * 900 + b"]" * 900),
    "JSON with a number of a million digits": ("a.json", b"[" + b"9" * 1_000_000 + b"]"),
    "JSON that is cut": ("a.json", b'{"data_list": [{'),
    "YAML of a billion laughs": ("a.yaml", _LAUGHS.encode()),
    "YAML of merges": ("a.yaml", _MERGES.encode()),
    "YAML that contains itself": ("a.yaml", b"&a [*a]"),
    "YAML with a number to the base of 60": ("a.yaml", b"a: 1" + b":59" * 30_000),
    "YAML of deep nests": ("a.yaml", b"[" * 5_000),
    "YAML with a name of Python": ("a.yaml", b"!!python/object/apply:os.system ['touch reached']"),
    "YAML with a date that is none": ("a.yaml", b"a: 2020-99-99"),
}
