"""A failure in any part of this package does not affect conda."""

from __future__ import annotations

import ast
import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from conda_root import Base, clean_environ

# Commands that read, create and configure. {} is the test's directory.
COMMANDS = {
    "info": ["info", "--json"],
    "create": ["create", "--yes", "--offline", "--json", "--prefix", "{}/env"],
    "config": ["config", "--show", "--json"],
}

# Functions that run in these commands, in the order of their first call.
PARTS = [
    "plugin.conda_subcommands",
    "plugin.conda_pre_commands",
    "plugin.conda_post_commands",
    "plugin.act",
    "conda_integration/commands.before_change",
    "conda_integration/commands.after_change",
    "conda_integration/commands._histories",
    "conda_integration/context_patch.extend_user_agent",
    "conda_integration/context_patch.add_parameters",
    "conda_integration/context_patch._appendix",
    "settings/__init__.load",
    "tokens/__init__.token_string",
    "tokens/__init__.all_tokens",
    "tokens/__init__.version_token",
    "tokens/__init__.client_token",
    "tokens/__init__.session_token",
    "tokens/__init__.environment_token",
    "tokens/account.account_token",
    "tokens/__init__.installer_tokens",
    "tokens/__init__.organization_tokens",
    "tokens/__init__.machine_tokens",
    "tokens/token_file.read_or_create",
    "tokens/binding.machine_identity",
    "_common/installation.root_prefix",
]


@pytest.fixture(scope="module")
def faulty_base(make_base, tmp_path_factory) -> Base:
    """A base whose package the tests break and restore."""
    return make_base(tmp_path_factory.mktemp("faulty") / "base")


@pytest.fixture(scope="module")
def insert(faulty_base):
    """A function that inserts a statement at the start of a function of the package."""

    def run(part: str, statement: str) -> tuple[Path, str]:
        module, _, function = part.partition(".")
        path = faulty_base.site_packages / "anaconda_anon_usage" / f"{module}.py"
        source = path.read_text()
        tree = ast.parse(source)
        [found] = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.name == function
        ]
        found.body.insert(0, ast.parse(statement).body[0])
        path.write_text(ast.unparse(ast.fix_missing_locations(tree)))
        # Python would use the bytecode of a source of the same size and the same second.
        shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)
        return path, source

    return run


@pytest.fixture
def plant(insert):
    """The same function, whose changes end with the test."""
    originals = []
    yield lambda *arguments: originals.append(insert(*arguments))
    for path, source in originals:
        path.write_text(source)


@pytest.fixture(scope="module")
def plain_user_agent(plain_base, tmp_path_factory) -> str:
    """The User-Agent of a conda without the package."""
    done = subprocess.run(
        [plain_base.conda, "info", "--json"],
        env=clean_environ(tmp_path_factory.mktemp("home"), CONDA_CHANNELS="defaults"),
        check=True,
        capture_output=True,
        timeout=120,
    )
    return json.loads(done.stdout)["user_agent"]


@pytest.fixture(scope="module")
def reached(faulty_base, insert, tmp_path_factory) -> dict[str, list[str]]:
    """For each part, the commands that reach it."""
    directory = tmp_path_factory.mktemp("reached")
    originals = [insert(part, f"print({part!r}, file=open({str(directory / 'log')!r}, 'a'))")
                 for part in PARTS]  # fmt: skip
    found = {part: [] for part in PARTS}
    for name, arguments in COMMANDS.items():
        (directory / "log").write_text("")
        subprocess.run(
            [faulty_base.conda, *(text.format(directory) for text in arguments)],
            env=clean_environ(directory, CONDA_CHANNELS="defaults"),
            check=True,
            capture_output=True,
            timeout=120,
        )
        for part in set((directory / "log").read_text().splitlines()):
            found[part].append(name)
    for path, source in reversed(originals):
        path.write_text(source)
    return found


@pytest.mark.parametrize("part", PARTS)
def test_a_failure_changes_neither_output_nor_status(
    conda, faulty_base, plain_user_agent, reached, plant, tmp_path, part
):
    """In all commands that reach it."""
    plant(part, "raise RuntimeError('planted')")
    assert reached[part]
    for name in reached[part]:
        done = conda(faulty_base, *(text.format(tmp_path) for text in COMMANDS[name]))
        assert (done.returncode, done.stderr) == (0, "")
        answer = json.loads(done.stdout)
        if name == "info":
            assert answer["user_agent"].partition(" aau/")[0] == plain_user_agent


@pytest.mark.parametrize(
    "part", ["plugin.conda_health_checks", "conda_integration/doctor.report_health"]
)
def test_a_failure_of_the_health_check_does_not_change_condas_own(
    conda, faulty_base, plain_base, plant, part
):
    """In older versions, conda doctor has no checks of plugins."""
    plant(part, "raise RuntimeError('planted')")
    done, expected = conda(faulty_base, "doctor"), conda(plain_base, "doctor")
    assert (expected.returncode, expected.stderr) == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    "part", ["tokens/__init__.client_token", "conda_integration/context_patch._appendix"]
)
def test_debug_output_shows_a_failure(conda, faulty_base, plant, part):
    """On stderr, with ``ANACONDA_ANON_USAGE_DEBUG=1``."""
    plant(part, "raise RuntimeError('planted')")
    done = conda(faulty_base, "info", "--json", ANACONDA_ANON_USAGE_DEBUG="1")
    assert "anaconda-anon-usage: " in done.stderr
    assert "RuntimeError: planted" in done.stderr
    assert json.loads(done.stdout)


@pytest.mark.parametrize(
    "part", ["tokens/__init__.client_token", "conda_integration/context_patch.extend_user_agent"]
)
def test_interrupts_and_exits_propagate(faulty_base, environ, plant, part):
    """They belong to conda and the user, even while our code runs."""
    plant(part, "raise SystemExit(42)")
    done = subprocess.run([faulty_base.conda, "info"], env=environ, capture_output=True, timeout=60)
    assert done.returncode == 42


def test_an_interrupt_ends_the_command(faulty_base, environ, plant):
    """A real SIGINT arrives while a token is read."""
    plant(
        "tokens/__init__.client_token",
        "(print('reading', flush=True), __import__('time').sleep(60))",
    )
    process = subprocess.Popen(
        [faulty_base.conda, "info"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # If the tests run in the background, their children ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert process.stdout.readline() == "reading\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode != 0
    assert "CondaError: KeyboardInterrupt" in errors
