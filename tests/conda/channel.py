"""A channel with one package, to be served over HTTP."""

from __future__ import annotations

import bz2
import hashlib
import io
import json
import tarfile
from pathlib import Path

NAME = "nothing-much"


def make_channel(directory: Path) -> Path:
    """Create a channel with the noarch package ``nothing-much`` and return its directory.

    Args:
        directory: the parent directory of the channel's subdirectories.
    """
    file_name = f"{NAME}-1.0-0.tar.bz2"
    index = {
        "name": NAME,
        "version": "1.0",
        "build": "0",
        "build_number": 0,
        "depends": [],
        "noarch": "generic",
        "subdir": "noarch",
    }
    package = _package(index, {f"share/{NAME}": b"nothing\n"})
    record = {
        **index,
        "size": len(package),
        "md5": hashlib.md5(package).hexdigest(),
        "sha256": hashlib.sha256(package).hexdigest(),
    }
    for subdir, packages in (("noarch", {file_name: record}), ("linux-64", {})):
        (directory / subdir).mkdir(parents=True)
        repodata = {"info": {"subdir": subdir}, "packages": packages, "packages.conda": {}}
        (directory / subdir / "repodata.json").write_text(json.dumps(repodata))
    (directory / "noarch" / file_name).write_bytes(package)
    return directory


def _package(index: dict, files: dict[str, bytes]) -> bytes:
    paths = [
        {
            "_path": name,
            "path_type": "hardlink",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_in_bytes": len(content),
        }
        for name, content in files.items()
    ]
    contents = {
        **files,
        "info/index.json": json.dumps(index).encode(),
        "info/files": "\n".join(files).encode(),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return bz2.compress(buffer.getvalue())
