"""Imports point one way, between folders through their faces, and stay few."""

from __future__ import annotations

import ast
import graphlib
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from support import PATIENCE

import anaconda_anon_usage

PACKAGE = Path(anaconda_anon_usage.__file__).parent
NAME = PACKAGE.name

#: The layers, top first. A module may import from its own layer's folder and from below.
LAYERS = (
    ("plugin",),
    ("conda_integration",),
    ("cli",),
    ("heartbeat", "activation_scripts", "deploy"),
    ("tokens",),
    ("settings",),
    ("_common",),
    ("",),  # the package itself: the version
)

#: Programs of their own: they are in the layer of `cli`, and nothing imports them.
ENTRANCES = {"__main__", "tokens.__main__", "heartbeat.__main__", "heartbeat.activated"}

#: The only modules that import conda.
IMPORT_CONDA = ("plugin", "conda_integration", "heartbeat.user_agent")

#: All that `import anaconda_anon_usage.tokens` loads of this package.
TOKENS = {
    NAME,
    *(f"{NAME}.{name}" for name in ("_common", "_common.debug", "_common.directory")),
    f"{NAME}._common.error_boundary",
    *(f"{NAME}.{name}" for name in ("_common.files", "_common.installation")),
    *(f"{NAME}.{name}" for name in ("tokens", "tokens.binding", "tokens.grammar")),
    f"{NAME}.tokens.token_file",
}

#: What it loads of the standard library, on a Python 3.11 that has loaded nothing but
#: `os`. Other versions divide their own modules differently.
TOKENS_STANDARD_LIBRARY = set(
    """
    __future__ _blake2 _collections _functools _hashlib _operator _sre _struct atexit binascii collections
    collections.abc contextlib copyreg enum errno functools hashlib importlib
    importlib._bootstrap importlib._bootstrap_external importlib.machinery itertools keyword
    operator re re._casefix re._compiler re._constants re._parser reprlib struct types warnings
    """.split()
)

#: All that conda loads of this package for a command that sends nothing.
PLUGIN = {NAME, *(f"{NAME}.{name}" for name in ("plugin", "_common", "_common.error_boundary"))}

#: All that an activated heartbeat loads of this package while heartbeats are off, and what
#: it loads besides to send one.
ACTIVATED = {
    "",
    *("_common", "_common.debug", "_common.error_boundary", "_common.files"),
    *("_common.installation", "_common.redaction", "heartbeat", "heartbeat.slots"),
    *("settings", "settings.condarc", "settings.merge", "settings.policy"),
    *("settings.search_path", "settings.values"),
}
SENDING = {
    "_common.directory",
    *("settings.channels", "settings.conda_settings"),
    *("heartbeat.connection", "heartbeat.log", "heartbeat.user_agent"),
    *("tokens", "tokens.account", "tokens.binding", "tokens.grammar", "tokens.token_file"),
}


def module_of(path: Path) -> str:
    """Return a module's dotted name below the package; a folder's own is the folder's."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
FOLDERS = {module for module, path in MODULES.items() if path.name == "__init__.py" and module}


def imports(module: str) -> list[tuple[str, str]]:
    """Return every import of a module, also those inside functions: module and name."""
    path = MODULES[module]
    package = [NAME, *path.relative_to(PACKAGE).parent.parts]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            found += [(source, alias.name) for alias in node.names]
    return found


def targets(module: str) -> set[str]:
    """Return the modules of this package that a module imports, by names below it."""
    found = set()
    for source, name in imports(module):
        if source.partition(".")[0] == NAME:
            base = source[len(NAME) + 1 :]
            below = f"{base}.{name}".lstrip(".")
            found.add(below if below in MODULES else base)
    return found


def layer_of(module: str) -> int:
    """Return the number of a module's layer, 0 for the top one."""
    folder = "cli" if module in ENTRANCES else module.partition(".")[0]
    return next(number for number, names in enumerate(LAYERS) if folder in names)


def loaded(code: str) -> set[str]:
    """Return the modules that code adds to those of an isolated Python."""
    program = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); before = set(sys.modules)\n"
        f"{code}\nprint(*set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-IS", "-c", program],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return set(done.stdout.split())


def test_the_package_has_at_most_twelve_entries():
    """A stranger sees them at a glance."""
    entries = {entry.name for entry in PACKAGE.iterdir()} - {"__pycache__"}
    assert len(entries) <= 12


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    """Or to the module's own folder."""
    upwards = [
        target
        for target in targets(module)
        if target.partition(".")[0] != module.partition(".")[0]
        and layer_of(target) <= layer_of(module)
        and not (module in ENTRANCES and target == "cli")
    ]
    assert [] == upwards


@pytest.mark.parametrize("module", MODULES)
def test_other_folders_are_imported_through_their_face(module):
    """Only names in its ``__all__``."""
    own_folder = module if module in FOLDERS else module.rpartition(".")[0]
    around_the_face = []
    for source, name in imports(module):
        below = source[len(NAME) + 1 :]
        folder = below.partition(".")[0]
        if source.partition(".")[0] == NAME and folder in FOLDERS and folder != own_folder:
            face = importlib.import_module(f"{NAME}.{folder}")
            if below != folder or name not in face.__all__:
                around_the_face.append(f"{source}: {name}")
    assert [] == around_the_face


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_a_face_has_every_name_that_it_lists(folder):
    """Also those that it imports on first use."""
    face = importlib.import_module(f"{NAME}.{folder}")
    assert [] == [name for name in face.__all__ if not hasattr(face, name)]
    assert sorted(face.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name)) == (
        face.__all__
    )


def test_nothing_imports_an_entrance():
    """It would be loaded twice."""
    assert set() == ENTRANCES & {target for module in MODULES for target in targets(module)}


def test_no_two_modules_import_each_other():
    """Directly, through others, or inside functions."""
    graph = {module: targets(module) - {module} for module in MODULES}
    assert set(MODULES) == set(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", MODULES)
def test_only_three_places_import_conda(module):
    """Everything else also works without conda."""
    imports_conda = any(source.partition(".")[0] == "conda" for source, _ in imports(module))
    allowed = module.startswith(IMPORT_CONDA)
    assert not imports_conda or allowed


@pytest.mark.skipif(sys.version_info < (3, 10), reason="needs sys.stdlib_module_names")
@pytest.mark.parametrize("module", MODULES)
def test_no_library_is_imported_at_module_level(module):
    """Functions import what they need: conda pays for imports on each command."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    at_module_level = {
        name.partition(".")[0]
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module] * (not node.level)
        )
    }
    expected = {"conda"} if module == "plugin" else set()
    assert expected == at_module_level - set(sys.stdlib_module_names)


def test_importing_tokens_loads_little():
    """Clients of every kind import it."""
    found = {name for name in loaded(f"import {NAME}.tokens") if name.partition(".")[0] == NAME}
    assert TOKENS == found


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the list is of Python 3.11")
def test_importing_tokens_loads_little_of_the_standard_library():
    """More than this list needs a reason."""
    found = loaded(f"import {NAME}.tokens") - TOKENS - loaded("import os")
    assert set() == found - TOKENS_STANDARD_LIBRARY


def test_loading_the_plugin_loads_little():
    """conda loads it for each command. What it needs of conda is a decorator."""
    conda = "import sys, types; sys.modules['conda'] = types.ModuleType('conda')\n" + (
        "sys.modules['conda.plugins'] = types.ModuleType('conda.plugins')\n"
        "sys.modules['conda.plugins'].hookimpl = lambda function: function\n"
    )
    found = loaded(conda + f"import {NAME}.plugin")
    assert PLUGIN == {name for name in found if name.partition(".")[0] == NAME}


@pytest.mark.parametrize("heartbeat", ["off", "http://127.0.0.1:9/"])
def test_an_activated_heartbeat_loads_only_what_it_needs(environ, tmp_path, heartbeat):
    """No command line, no module twice, and no connection while heartbeats are off."""
    program = (
        f"import os, runpy, sys; sys.path.insert(0, {str(PACKAGE.parent)!r})\n"
        "end = os._exit\n"
        "os._exit = lambda status: (print(*sys.modules, flush=True), end(status))\n"
        f"runpy.run_module('{NAME}.heartbeat.activated', run_name='__main__', alter_sys=True)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        env={**environ, "CONDA_PREFIX": str(tmp_path), "CONDA_ANACONDA_HEARTBEAT": heartbeat},
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    found = {name for name in done.stdout.split() if name.partition(".")[0] == NAME}
    expected = ACTIVATED if heartbeat == "off" else ACTIVATED | SENDING
    assert {f"{NAME}.{name}".rstrip(".") for name in expected} == found
    assert "argparse" not in done.stdout.split()
