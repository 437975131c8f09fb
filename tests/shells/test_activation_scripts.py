"""In every shell, sourcing the activation script has no visible effect."""

from __future__ import annotations

import hashlib
import os
import re
import select

import pexpect
import pytest
import servers
from conda_root import DEADLINE
from shells import SHELLS, Activation, quote_for_nu
from support import HOSTILE, PATIENCE, wait_until

from anaconda_anon_usage import __version__

#: Names that a careless script would split or execute.
HOSTILE_NAMES = (
    HOSTILE,
    "$(touch x)",
    "`touch x`",
    "a\nb",
    "-n",
    "%PATH%",
    "!x!",
    "^&",
    "~",
    "a;touch x",
    "* [a-z]?",
    "#{x}",
    "back\\slash",
)

#: The arguments with which the launcher starts Python.
STARTED = "-I -m anaconda_anon_usage.heartbeat.activated\n"

ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[=>])|\r")

every_shell = pytest.mark.parametrize("shell", SHELLS, ids=str)
every_terminal = pytest.mark.parametrize("shell", [s for s in SHELLS if s.interactive], ids=str)


@pytest.fixture
def activation(base, tmp_path, environ, home):
    """An environment with a hostile name."""
    activation = Activation(base, tmp_path / HOSTILE, environ, home)
    yield activation
    activation.close()


@every_shell
def test_the_script_is_a_copy_with_a_marker_line(shell, activation):
    """All tests in this directory run the copies of `hooks --install`."""
    first, _, rest = shell.stub(activation.prefix).read_bytes().partition(b"\n")
    digest = hashlib.sha256(rest).hexdigest()
    assert f"# anaconda-anon-usage {__version__} sha256:{digest}" == first.decode()


@every_shell
def test_a_heartbeat_arrives_and_nothing_is_printed(shell, activation):
    """Sourcing the script sends one heartbeat and prints nothing."""
    activation.silent_run(shell)
    activation.processes.wait()
    assert ["/arrived"] == activation.receiver.paths


@every_shell
def test_the_shell_does_not_wait_for_the_launcher(shell, activation):
    """The shell and the reader of its output are done while the launcher still runs."""
    activation.make_launcher_wait()
    activation.silent_run(shell)
    assert activation.launcher_is_running()
    activation.release()


@every_shell
def test_no_descriptor_is_inherited(shell, activation):
    """The caller's descriptors are closed while the heartbeat waits for its response."""
    activation.receiver.behave = servers.silent
    reading, writing = os.pipe()
    activation.silent_run(
        shell,
        wrapper=("bash", "-c", f'exec 7>&{writing} 12>&{writing} {writing}>&-; exec "$@"', "bash"),
        pass_fds=[writing],
    )
    os.close(writing)
    assert ["/arrived"] == wait_until(lambda: activation.receiver.paths)
    readable, _, _ = select.select([reading], [], [], PATIENCE)
    told = readable and os.read(reading, 1)
    running = activation.processes.running()
    os.close(reading)
    assert (b"", 1) == (told, len(running))


@pytest.mark.parametrize("shell", [s for s in SHELLS if s.dump], ids=str)
def test_the_state_of_the_shell_does_not_change(shell, activation, tmp_path):
    """Variables, functions, aliases, options, traps, $!, jobs, umask, directory, descriptors."""
    activation.count_pythons()
    changed = _changes(shell, activation, shell.stub(activation.prefix))
    empty = tmp_path / f"empty{shell.extension}"
    empty.touch()
    of_nothing = _changes(shell, activation, empty)
    assert {"_ANACONDA_HEARTBEAT_1"} == changed - of_nothing


def _changes(shell, activation, stub):
    """Return the changed names, which are at the beginning of the lines of a dump.

    zsh and ksh list variables that may change at any time.
    """
    dumps = [activation.cwd / "dump1", activation.cwd / "dump2"]
    texts = [shell.dump.replace("$Env:DUMP", str(d)).replace("$DUMP", str(d)) for d in dumps]
    activation.silent_run(shell, f"{texts[0]}\nSOURCE\n{texts[1]}", stub=stub)
    activation.processes.wait()
    before, after = (set(dump.read_text(errors="replace").splitlines()) for dump in dumps)
    assert before
    return {
        re.match(r"\W*(?:export |declare -x |proc/\d+/fd/)?(\w*)", line)[1]
        for line in before ^ after
    } - {"RANDOM", "SECONDS"}


@pytest.mark.parametrize(
    ("shell", "mode"),
    [pytest.param(s, mode, id=f"{s}-{n}") for s in SHELLS for n, mode in enumerate(s.strict)],
)
def test_strict_modes_do_not_matter(shell, mode, activation):
    """In a strict mode, the rest of the script still runs, without output."""
    pythons = activation.count_pythons()
    activation.silent_run(shell, f"{mode}\nSOURCE\necho end", expected="end\n")
    activation.processes.wait()
    assert STARTED == pythons.read_text()


@pytest.mark.parametrize("shell", [s for s in SHELLS if s.extension == ".sh"][:-1], ids=str)
def test_a_trace_contains_no_secret(shell, activation):
    """`set -x` shows the activation script, but not what is sent or to which server."""
    traced = activation.run(shell, "set -x\nSOURCE").stderr
    assert ["export"] == re.findall(r"export|aau/|127\.0\.0\.1", traced)


@every_shell
def test_names_are_not_executed(shell, activation, base, tmp_path):
    """The name of the environment can contain any character."""
    activation.count_pythons()
    started = []
    for number, name in enumerate(HOSTILE_NAMES):
        prefix = tmp_path / str(number) / name
        base.make_environment(prefix)
        activation.prefix = prefix
        activation.environ["CONDA_PREFIX"] = str(prefix)
        activation.replace_launcher('printf "%s" "${CONDA_PREFIX}" >"${HOME}/started"')
        # Some shells, and conda, cannot source a file below every such name.
        activation.silent_run(shell, stub=shell.stub(base.prefix))
        activation.processes.wait()
        started.append((activation.home / "started").read_text())
    assert [str(tmp_path / str(n) / name) for n, name in enumerate(HOSTILE_NAMES)] == started
    assert [] == [path for path in activation.cwd.iterdir() if path.name == "x"]


@every_shell
@pytest.mark.parametrize("lacking", ["prefix", "level", "launcher", "python"])
def test_missing_parts_do_not_stop_the_activation(shell, lacking, activation):
    """The prefix, the level, the launcher or every Python is missing."""
    stub = shell.stub(activation.prefix)
    if lacking == "prefix":
        del activation.environ["CONDA_PREFIX"]
    elif lacking == "level":
        del activation.environ["CONDA_SHLVL"]
    elif lacking == "launcher":
        (activation.prefix / "etc/conda/anon-usage/heartbeat.sh").unlink()
    else:
        activation.environ["CONDA_PYTHON_EXE"] = str(activation.prefix / "bin" / "python")
    activation.silent_run(shell, "SOURCE\necho end", expected="end\n", stub=stub)
    activation.processes.wait()
    # A heartbeat needs the others, but not a level.
    assert (["/arrived"] if lacking == "level" else []) == activation.receiver.paths


# xonsh would itself import them. It uses the activation script of the other shells.
@pytest.mark.parametrize("shell", [s for s in SHELLS if s.name != "xonsh"], ids=str)
def test_only_our_package_is_executed(shell, activation):
    """Nothing from the current directory, PYTHON variables or the user's site-packages is."""
    executed = activation.home / "executed"
    version = "import sys; print('%d.%d' % sys.version_info[:2])"
    python = activation.environ["CONDA_PYTHON_EXE"]
    version = os.popen(f'{python} -c "{version}"').read().strip()
    trap = f"open({str(executed)!r}, 'a').write(__file__)\n"
    user_site = activation.home / f".local/lib/python{version}/site-packages"
    for directory in (activation.cwd, user_site):
        (directory / "anaconda_anon_usage").mkdir(parents=True)
        for name in ("anaconda_anon_usage/__init__", "requests", "conda", "sitecustomize"):
            (directory / f"{name}.py").write_text(trap)
    (user_site / "usercustomize.py").write_text(trap)
    for name in ("PYTHONPATH", "PYTHONHOME"):
        activation.environ[name] = str(activation.cwd)
    activation.environ["PYTHONSTARTUP"] = str(activation.cwd / "requests.py")
    activation.silent_run(shell)
    activation.processes.wait()
    assert (["/arrived"], False) == (activation.receiver.paths, executed.exists())


@every_shell
def test_off_starts_no_python(shell, activation):
    """No condarc and no variable names the heartbeat."""
    pythons = activation.count_pythons()
    (activation.home / ".condarc").write_text("channels: [defaults]\n")
    activation.silent_run(shell)
    activation.processes.wait()
    assert "" == pythons.read_text()
    activation.environ["CONDA_ANACONDA_HEARTBEAT"] = "true"
    activation.silent_run(shell)
    activation.processes.wait()
    assert STARTED == pythons.read_text()


@every_terminal
def test_a_terminal_shows_no_difference(shell, activation, tmp_path):
    """Prompts and the output between them are the same without the script."""
    empty = tmp_path / f"empty{shell.extension}"
    empty.touch()
    expected = _transcript(shell, activation, empty)
    assert expected == _transcript(shell, activation, shell.stub(activation.prefix))
    assert ["/arrived"] == activation.receiver.paths


def _terminal(shell, activation, stub):
    """Start an interactive shell, and wait for its first prompt."""
    terminal = pexpect.spawn(
        shell.argv[0],
        list(shell.interactive[1:]),
        env={**activation.environ, "STUB": str(stub), "TERM": "dumb"},
        cwd=str(activation.cwd),
        echo=False,
        encoding="utf-8",
        timeout=PATIENCE,
        dimensions=(24, 500),
    )
    activation.processes.shells.add(terminal.pid)
    terminal.sendline(shell.prompt)
    _say(terminal, "ready")
    return terminal


def _say(terminal, word):
    """Make the shell print a word that is not in the command itself, and read up to it."""
    terminal.sendline(f"echo {word[0]}''{word[1:]}")
    terminal.expect(rf"{word}\r*\n")
    return terminal.before


def _says(terminal, word):
    """Make the shell print a word, and return whether it does so within a second."""
    terminal.sendline(f"echo {word[0]}''{word[1:]}")
    return terminal.expect([pexpect.TIMEOUT, rf"{word}\r*\n"], timeout=1)


def _transcript(shell, activation, stub):
    """Return the output of a terminal before and after it sources a script."""
    terminal = _terminal(shell, activation, stub)
    terminal.sendline(shell.source)
    seen = _say(terminal, "sourced")
    activation.processes.wait()
    for _ in range(2):  # at a prompt, shells report jobs that have ended
        terminal.sendline("")
    seen += _say(terminal, "later")
    terminal.sendline("exit")
    terminal.expect(pexpect.EOF)
    seen += terminal.before
    terminal.close()
    return ESCAPES.sub("", seen)


@every_terminal
def test_the_launcher_survives_ctrl_c_and_the_end_of_the_terminal(shell, activation):
    """Neither Ctrl-C at the prompt nor a hang-up ends it."""
    activation.make_launcher_wait()
    terminal = _terminal(shell, activation, shell.stub(activation.prefix))
    terminal.sendline(shell.source)
    _say(terminal, "sourced")
    terminal.sendintr()
    # A shell may discard input while it handles Ctrl-C.
    assert wait_until(lambda: _says(terminal, "again"))
    terminal.close(force=True)
    assert (False, True) == (terminal.isalive(), activation.launcher_is_running())
    activation.release()


@every_shell
def test_the_launcher_survives_the_end_of_its_session(shell, activation):
    """With `ssh -t host script`, the end of the script sends SIGHUP to its process group."""
    activation.make_launcher_wait()
    stub = shell.stub(activation.prefix)
    script = activation.cwd / f"script{shell.extension}"
    script.write_text(shell.source.replace("{stub}", quote_for_nu(stub)) + "\n")
    terminal = pexpect.spawn(
        shell.argv[0],
        [*shell.argv[1:], str(script)],
        env={**activation.environ, "STUB": str(stub), "TERM": "dumb"},
        cwd=str(activation.cwd),
        timeout=PATIENCE,
    )
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert activation.launcher_is_running()
    activation.release()


def test_a_heartbeat_ends_by_its_deadline(activation):
    """This holds if the server never responds."""
    del activation.environ[DEADLINE]
    activation.receiver.behave = servers.silent
    activation.silent_run(SHELLS[0])
    activation.processes.wait()
    assert ["/arrived"] == activation.receiver.paths
