"""Channels with stand-ins of the packages that depend on anaconda-anon-usage, for solving.

They have no files, so nothing can be installed from them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from installed import PACKAGE, PROJECT
from ruamel.yaml import YAML

from anaconda_anon_usage import __version__

#: The version in distributions that this package replaces.
THEIRS = "0.8.1"

#: The dependencies of clients, as in their releases, by name and version.
CLIENTS = {
    ("anaconda-auth", "0.15.3"): [f"{PACKAGE} >=0.7.2"],
    ("anaconda-client", "1.16.0"): [f"{PACKAGE} >=0.4.0"],
    ("anaconda-navigator", "2.7.0"): ["anaconda-auth", f"{PACKAGE} >=0.7.2,<1"],
    ("anaconda-ident", "0.6.0"): [f"{PACKAGE} >=0.7.2,<1"],
}

#: Everything else that the packages require.
OTHERS = ("python", "certifi", "requests", "ruamel.yaml", "urllib3")


def record(name: str, version: str, depends=(), constrains=()) -> dict:
    """Return the record of a package in a channel."""
    return {
        "name": name,
        "version": version,
        "build": "0",
        "build_number": 0,
        "depends": list(depends),
        "constrains": list(constrains),
        "noarch": "generic",
        "subdir": "noarch",
        "size": 1,
        "md5": hashlib.md5(f"{name}{version}".encode()).hexdigest(),
    }


def our_record() -> dict:
    """Return this package's record, with the dependencies in the recipe."""
    recipe = YAML(typ="safe").load(PROJECT / "recipe" / "recipe.yaml")
    requirements = recipe["requirements"]
    return record(PACKAGE, __version__, requirements["run"], requirements["run_constraints"])


def make_channels(directory: Path, later: str) -> None:
    """Create the channels ``theirs``, ``ours``, ``both`` and ``later``.

    Args:
        directory: their parent directory.
        later: their next version, which ``later`` has besides everything else.
    """
    others = [record(name, "3.11.7") for name in OTHERS]
    clients = [record(*client, depends) for client, depends in CLIENTS.items()]
    theirs = [record(PACKAGE, THEIRS, ["python"]), *clients, *others]
    both = [*theirs, our_record()]
    _write(directory / "theirs", theirs)
    _write(directory / "ours", [our_record()])
    _write(directory / "both", both)
    _write(directory / "later", [*both, record(PACKAGE, later, ["python"])])


def install(prefix: Path, packages: dict[str, list[dict]]) -> None:
    """Write what conda knows of an environment in which packages are installed.

    Args:
        prefix: the environment's directory.
        packages: the packages from each channel. The user asked for all of them.
    """
    (prefix / "conda-meta").mkdir(parents=True)
    installed, names = [], []
    for channel, records in packages.items():
        for each in records:
            dist = f"{each['name']}-{each['version']}-0"
            url = f"{channel}/noarch/{dist}.tar.bz2"
            place = {"channel": f"{channel}/noarch", "url": url, "fn": f"{dist}.tar.bz2"}
            content = {**each, **place, "files": []}
            (prefix / "conda-meta" / f"{dist}.json").write_text(json.dumps(content))
            installed.append(f"+{channel}/noarch::{dist}")
            names.append(each["name"])
    lines = ["==> 2026-11-01 00:00:00 <==", *installed, f"# update specs: {names}"]
    (prefix / "conda-meta" / "history").write_text("\n".join(lines) + "\n")


def _write(channel: Path, records: list[dict]) -> None:
    packages = {f"{each['name']}-{each['version']}-0.tar.bz2": each for each in records}
    for subdir, content in (("noarch", packages), ("linux-64", {})):
        (channel / subdir).mkdir(parents=True)
        repodata = {"info": {"subdir": subdir}, "packages": content, "packages.conda": {}}
        (channel / subdir / "repodata.json").write_text(json.dumps(repodata))
