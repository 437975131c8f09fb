"""Imports point down, use the public names of other folders, and are few."""

from __future__ import annotations

import ast
import graphlib
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from support import PATIENCE, posix

import anaconda_anon_usage

PACKAGE = Path(anaconda_anon_usage.__file__).parent
NAME = PACKAGE.name

#: The layers, top first. A module may import from its own folder and from lower layers.
LAYERS = (
    ("plugin",),
    ("conda_integration",),
    ("cli",),
    ("heartbeat", "activation_scripts", "deploy"),
    ("tokens",),
    ("settings",),
    ("_common",),
    ("",),  # the package itself, with the version
)

#: Separate programs. They belong to the layer of `cli`, and nothing imports them.
ENTRY_POINTS = {"__main__", "tokens.__main__", "heartbeat.__main__", "heartbeat.activated"}

#: The only modules that import conda.
IMPORT_CONDA = ("plugin", "conda_integration", "heartbeat.user_agent")

#: All modules of this package that `import anaconda_anon_usage.tokens` loads.
TOKENS = {
    NAME,
    *(f"{NAME}.{name}" for name in ("_common", "_common.debug", "_common.directory")),
    f"{NAME}._common.error_boundary",
    *(f"{NAME}._common.{name}" for name in ("files", "installation", "superuser")),
    *(f"{NAME}.{name}" for name in ("tokens", "tokens.binding", "tokens.grammar")),
    f"{NAME}.tokens.token_file",
}

#: The modules of the standard library that it loads, in Python 3.11 with only `os` loaded. In
#: other versions, the standard library is divided differently.
TOKENS_STANDARD_LIBRARY = set(
    """
    __future__ _blake2 _collections _functools _hashlib _operator _sre _struct atexit binascii collections
    collections.abc contextlib copyreg enum errno functools hashlib importlib
    importlib._bootstrap importlib._bootstrap_external importlib.machinery itertools keyword
    operator re re._casefix re._compiler re._constants re._parser reprlib struct types warnings
    """.split()
)

#: All modules of this package that conda loads for a command that sends nothing. The patch of
#: the User-Agent must precede every session, whichever hooks conda calls.
PLUGIN = {
    NAME,
    *(f"{NAME}.{name}" for name in ("plugin", "_common", "_common.error_boundary")),
    *(f"{NAME}.{name}" for name in ("conda_integration", "conda_integration.context_patch")),
}


def module_of(path: Path) -> str:
    """Return a module's dotted name below the package; for `__init__`, that of its folder."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
FOLDERS = {module for module, path in MODULES.items() if path.name == "__init__.py" and module}


def imports(module: str) -> list[tuple[str, str]]:
    """Return the module and the name of each import of a module, including those in functions."""
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
    """Return the modules of this package that a module imports, by their names below it."""
    found = set()
    for source, name in imports(module):
        if source.partition(".")[0] == NAME:
            base = source[len(NAME) + 1 :]
            below = f"{base}.{name}".lstrip(".")
            found.add(below if below in MODULES else base)
    return found


def layer_of(module: str) -> int:
    """Return the number of a module's layer, with 0 at the top."""
    folder = "cli" if module in ENTRY_POINTS else module.partition(".")[0]
    return next(number for number, names in enumerate(LAYERS) if folder in names)


def loaded(code: str) -> set[str]:
    """Return the modules that code loads in an isolated Python."""
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
    """A new reader can grasp them at a glance."""
    entries = {entry.name for entry in PACKAGE.iterdir()} - {"__pycache__"}
    assert len(entries) <= 12


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    """Imports from the module's own folder are allowed."""
    upwards = [
        target
        for target in targets(module)
        if target.partition(".")[0] != module.partition(".")[0]
        and layer_of(target) <= layer_of(module)
        and not (module in ENTRY_POINTS and target == "cli")
    ]
    assert [] == upwards


@pytest.mark.parametrize("module", MODULES)
def test_other_folders_import_only_public_names(module):
    """Only names in ``__all__`` count."""
    own_folder = module if module in FOLDERS else module.rpartition(".")[0]
    private = []
    for source, name in imports(module):
        below = source[len(NAME) + 1 :]
        folder = below.partition(".")[0]
        if source.partition(".")[0] == NAME and folder in FOLDERS and folder != own_folder:
            public = importlib.import_module(f"{NAME}.{folder}")
            if below != folder or name not in public.__all__:
                private.append(f"{source}: {name}")
    assert [] == private


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_a_folder_has_every_name_that_it_lists(folder):
    """This includes names that it imports on first use."""
    package = importlib.import_module(f"{NAME}.{folder}")
    assert [] == [name for name in package.__all__ if not hasattr(package, name)]
    assert sorted(
        package.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name)
    ) == (package.__all__)


def test_no_module_imports_an_entry_point():
    """It would be loaded twice."""
    assert set() == ENTRY_POINTS & {target for module in MODULES for target in targets(module)}


def test_no_two_modules_import_each_other():
    """Neither directly, through other modules, nor inside functions."""
    graph = {module: targets(module) - {module} for module in MODULES}
    assert set(MODULES) == set(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", MODULES)
def test_only_the_listed_modules_import_conda(module):
    """Everything else also works without conda."""
    imports_conda = any(source.partition(".")[0] == "conda" for source, _ in imports(module))
    allowed = module.startswith(IMPORT_CONDA)
    assert not imports_conda or allowed


@pytest.mark.skipif(sys.version_info < (3, 10), reason="needs sys.stdlib_module_names")
@pytest.mark.parametrize("module", MODULES)
def test_no_library_is_imported_at_module_level(module):
    """Functions import libraries on use, because conda imports the plugin for every command."""
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


def test_importing_tokens_loads_few_modules():
    """All kinds of clients import it."""
    found = {name for name in loaded(f"import {NAME}.tokens") if name.partition(".")[0] == NAME}
    assert TOKENS == found


@posix
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the list is for Python 3.11")
def test_importing_tokens_loads_few_modules_of_the_standard_library():
    """A longer list needs a reason."""
    found = loaded(f"import {NAME}.tokens") - TOKENS - loaded("import os")
    assert set() == found - TOKENS_STANDARD_LIBRARY


def test_loading_the_plugin_loads_few_modules():
    """conda loads it for every command. From conda, it needs a decorator and the context."""
    conda = "import sys, types; sys.modules['conda'] = types.ModuleType('conda')\n" + (
        "sys.modules['conda.plugins'] = types.ModuleType('conda.plugins')\n"
        "sys.modules['conda.plugins'].hookimpl = lambda function: function\n"
        "sys.modules['conda.base'] = types.ModuleType('conda.base')\n"
        "sys.modules['conda.base.context'] = types.ModuleType('conda.base.context')\n"
        "sys.modules['conda.base.context'].Context = type('Context', (), {'user_agent': ''})\n"
    )
    found = loaded(conda + f"import {NAME}.plugin")
    assert PLUGIN == {name for name in found if name.partition(".")[0] == NAME}
