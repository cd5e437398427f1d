"""``hf://organisation/repository[/file][@revision]``: weights on the Hugging Face Hub.

Plain HTTPS serves for public and private repositories, so that ``huggingface_hub`` need not be installed;
what it has fetched already is used.

Environment:
    HF_ENDPOINT: Another server with the same interface, such as a mirror.
    HF_TOKEN: Sent along, for private repositories.
    HF_HUB_OFFLINE: With ``1``, nothing is asked of the hub.
    HF_HOME, HF_HUB_CACHE: Where ``huggingface_hub`` keeps its files.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from mmpretrain.errors import CheckpointError, ConfigError, MissingFileError
from mmpretrain.utils import web

SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
#: File names of weights that are taken before others, the first first.
USUAL = (
    "model.safetensors",
    "pytorch_model.bin",
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.bin",
)
#: The largest list of files that is read, in bytes.
LARGEST_LIST = 1 << 24

_SOURCE = re.compile(
    r"hf://(?P<repository>[\w.-]+/[\w.-]+?)(?:@(?P<before>[^/@]+))?(?:/(?P<file>[^@]*))?(?:@(?P<after>[^@]+))?"
)


@dataclass(frozen=True)
class HubSource:
    """A file of a repository.

    Args:
        repository: ``organisation/name``.
        revision: Branch, tag or commit.
        file: Path in the repository; None for the one that holds the weights.
    """

    repository: str
    revision: str = "main"
    file: str | None = None

    @classmethod
    def parse(cls, source: str) -> HubSource:
        """Read an ``hf://`` address.

        Raises:
            ConfigError: If it is none.
        """
        match = _SOURCE.fullmatch(source)
        file = (match["file"] or "").strip("/") if match else ""
        odd = match is None or (match["before"] and match["after"]) or ".." in file.split("/")
        if odd or match is None:
            raise ConfigError(
                f"{source!r} is not an address on the Hugging Face Hub",
                hint="Write hf://organisation/repository, then /file and @revision if need be.",
            )
        return cls(match["repository"], match["before"] or match["after"] or "main", file or None)

    def __str__(self) -> str:
        revision = "" if self.revision == "main" else f"@{self.revision}"
        return f"hf://{self.repository}{'/' + self.file if self.file else ''}{revision}"

    def url(self, file: str) -> str:
        """Where a file of the repository is."""
        return f"{_endpoint()}/{self.repository}/resolve/{quote(self.revision, safe='')}/{quote(file)}"

    def choose(self) -> str:
        """Return the file to fetch: the one that was named, or the one that holds the weights.

        Raises:
            MissingFileError: If the hub does not answer.
            CheckpointError: If the repository holds no weights, or several and none under a usual name.
        """
        if self.file is not None:
            return self.file
        weights = [name for name in self._files() if name.endswith(SUFFIXES)]
        for name in USUAL:
            if name in weights:
                return name
        if len(weights) == 1:
            return weights[0]
        shown = ", ".join(weights[:10]) + (", ..." if len(weights) > 10 else "")
        raise CheckpointError(
            f"{self} holds {'several files with weights' if weights else 'no weights'}",
            hint=f"Name one: hf://{self.repository}/FILE with FILE one of {shown}." if weights else None,
        )

    def _files(self) -> Sequence[str]:
        url = f"{_endpoint()}/api/models/{self.repository}/revision/{quote(self.revision, safe='')}"
        try:
            with web.request(url, headers()) as answer:
                names = [item["rfilename"] for item in json.loads(answer.read(LARGEST_LIST))["siblings"]]
        except (OSError, ValueError, LookupError, TypeError) as error:
            text = str(error) if isinstance(error, OSError) else "the answer is not a list of files"
            raise MissingFileError(
                f"Could not ask for the files of {self} ({web.shown(url)}: {text})",
                hint="Check its name; HF_TOKEN is needed for private repositories.",
            ) from error
        return [name for name in names if isinstance(name, str)]

    def fetched(self) -> Path | None:
        """Return the file in the cache of ``huggingface_hub``, if it is there."""
        home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
        cache = Path(os.environ.get("HF_HUB_CACHE") or Path(home, "hub")).expanduser()
        folder = cache / f"models--{self.repository.replace('/', '--')}"
        try:
            commit = (folder / "refs" / self.revision).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            commit = self.revision
        snapshot = folder / "snapshots" / commit
        for name in USUAL if self.file is None else (self.file,):
            if (snapshot / name).is_file():
                return snapshot / name
        return None


def headers() -> dict[str, str]:
    """HTTP headers of requests to the hub."""
    token = os.environ.get("HF_TOKEN", "").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def is_offline() -> bool:
    """Whether ``HF_HUB_OFFLINE`` forbids to ask the hub."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
