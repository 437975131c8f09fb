"""The tokens of installers, organizations and machines."""

from __future__ import annotations

from pathlib import Path

import pytest
from processes import (
    run,
    with_mounts,
)
from support import posix

from anaconda_anon_usage import tokens

ADMINISTRATOR = ["installer", "org", "machine"]


@pytest.fixture
def search_path(tmp_path, home, monkeypatch) -> list[Path]:
    """The directories of the search path that belong to this test."""
    base, xdg, env = tmp_path / "base", tmp_path / "xdg", tmp_path / "env"
    monkeypatch.setenv("CONDA_EXE", str(base / "bin" / "conda"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(xdg))
    monkeypatch.setenv("CONDA_PREFIX", str(env))
    monkeypatch.setenv("CONDARC", str(tmp_path / "own" / "condarc"))
    users = [xdg / "conda", home / ".config" / "conda", home / ".conda", home]
    directories = [base, *users, env, tmp_path / "own"]
    for directory in directories:
        directory.mkdir(parents=True, exist_ok=True)
    return directories


def administrators(kind: str) -> list[str]:
    return list(tokens.administrator_tokens(kind))


@pytest.mark.parametrize(
    "kind, function",
    [
        ("installer", tokens.installer_tokens),
        ("org", tokens.organization_tokens),
        ("machine", tokens.machine_tokens),
    ],
)
def test_tokens_come_from_the_variable_and_every_directory(
    search_path, monkeypatch, kind, function
):
    """In the order of the search path, after the variable. The name without a dot is first."""
    monkeypatch.setenv(f"ANACONDA_ANON_USAGE_{kind.upper()}_TOKEN", "variable")
    expected = ["variable"]
    for number, directory in enumerate(search_path):
        (directory / f".{kind}_token").write_text(f"dot{number}")
        (directory / f"{kind}_token").write_text(f"plain{number}")
        expected += [f"plain{number}", f"dot{number}"]
    assert expected == function()


@posix
def test_tokens_in_the_systems_directories_are_read(tmp_path, home):
    """There are two of them on Unix."""
    for name in ("etc", "lib"):
        (tmp_path / name / "conda").mkdir(parents=True)
        (tmp_path / name / "conda" / "org_token").write_text(name)
    before = with_mounts({"/etc": tmp_path / "etc", "/var/lib": tmp_path / "lib"})
    code = "from anaconda_anon_usage import tokens; print(tokens.organization_tokens())"
    assert "['etc', 'lib']" == run(home, code, before=before)


@pytest.mark.parametrize("kind", ADMINISTRATOR)
def test_every_token_is_sent_once(search_path, monkeypatch, kind):
    """Several directories often contain the same one."""
    monkeypatch.setenv(f"ANACONDA_ANON_USAGE_{kind.upper()}_TOKEN", "b")
    for directory, token in zip(search_path, "abcab"):
        (directory / f"{kind}_token").write_text(token)
    assert ["b", "a", "c"] == administrators(kind)


@pytest.mark.parametrize(
    "content",
    ["token", "token\n", "  token \t\r\n", "\n \r\n\t\ntoken\nother\n", "token\r\nX-Evil: 1\r\n"],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_token_is_the_first_line_that_is_not_blank(home, content, mark):
    """Whitespace around it and a byte order mark are removed."""
    (home / "org_token").write_bytes((mark + content).encode())
    assert ["token"] == tokens.organization_tokens()


INVALID = [
    "a" * 37,
    "a b",
    "a\tb",
    "a\rb",
    "a\x0bb",
    "a\x1cb",
    "a\x1bb",
    "a\x7fb",
    "a/b",
    "a=",
    "é",
]
INVALID += ["a\u2028b", "a\u00adb", "\uff41", "a\x85b", "\ufeffa\ufeff", "a b\nvalid"]


@pytest.mark.parametrize("content", [*INVALID, "a\0b"])
@pytest.mark.parametrize("kind", ADMINISTRATOR)
def test_an_invalid_file_is_not_sent_but_reported(home, monkeypatch, capsys, kind, content):
    """The debug output has the file's name, but not its content."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")
    path = home / f"{kind}_token"
    path.write_bytes(content.encode())
    assert [] == administrators(kind)
    assert f"anaconda-anon-usage: {path}: not 1 to 36" in capsys.readouterr().err


@posix
@pytest.mark.parametrize("content", [*INVALID, "\udcff"])
@pytest.mark.parametrize("kind", ADMINISTRATOR)
def test_an_invalid_variable_is_not_sent_but_reported(home, monkeypatch, capsys, kind, content):
    """It does not hide valid tokens."""
    variable = f"ANACONDA_ANON_USAGE_{kind.upper()}_TOKEN"
    (home / f"{kind}_token").write_text("valid")
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")
    monkeypatch.setenv(variable, content)
    assert ["valid"] == administrators(kind)
    assert f"anaconda-anon-usage: {variable}: not 1 to 36" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"token\xff", "token".encode("utf-16"), b"a" * 5000])
def test_an_unreadable_file_is_not_sent_but_reported(home, monkeypatch, capsys, content):
    """Some editors write UTF-16."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")
    (home / "org_token").write_bytes(content)
    assert [] == tokens.organization_tokens()
    assert f"anaconda-anon-usage: {home / 'org_token'}: " in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "\n", " \r\n\t\n", "\ufeff"])
def test_an_empty_file_is_no_error(home, monkeypatch, capsys, content):
    """It may be a template."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")
    monkeypatch.setenv("ANACONDA_ANON_USAGE_ORG_TOKEN", "")
    (home / "org_token").write_bytes(content.encode())
    assert ([], "") == (tokens.organization_tokens(enabled=True), capsys.readouterr().err)
