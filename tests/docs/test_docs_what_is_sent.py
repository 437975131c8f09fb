"""docs/what-is-sent.md describes exactly what is sent."""

from __future__ import annotations

import platform
import re
import subprocess

import pytest
from markdown_text import PROJECT, fences, page, plain, tables
from support import tool, wait_until

from anaconda_anon_usage import heartbeat, tokens
from anaconda_anon_usage import settings as configuration
from anaconda_anon_usage.heartbeat import user_agent
from anaconda_anon_usage.heartbeat.user_agent import _system
from anaconda_anon_usage.tokens import grammar
from anaconda_anon_usage.tokens.catalog import CATALOG

PAGE = page("what-is-sent")
CONDA_FIELDS, TOKENS = tables(PAGE)[:2]


@pytest.fixture
def example() -> list[str]:
    """The lines of the request on the page."""
    [request] = [fence.text for fence in fences(PAGE) if fence.language == "http"]
    return request.splitlines()


@pytest.fixture
def received(base, environ, home, tmp_path, httpserver):
    """The request of a real activation, its environment, and its home directory."""
    httpserver.expect_request(re.compile(".*"), method="HEAD").respond_with_data(status=404)
    url = httpserver.url_for(f"/{heartbeat.PATH}")
    (home / ".condarc").write_text(f"anaconda_heartbeat: {url}\n")
    prefix = base.make_environment(tmp_path / "env")
    done = subprocess.run(
        [tool("bash"), "-euc", 'eval "$("$0" shell.posix activate "$1")"', base.conda, prefix],
        env=environ,
        capture_output=True,
        timeout=60,
    )
    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
    assert wait_until(lambda: httpserver.log)
    [(request, _)] = httpserver.log
    return request, prefix, home


def test_the_table_of_tokens_is_the_catalog():
    """Which the command line prints."""
    assert [
        {
            "Token": f"{fact.letter}/",
            "Name": fact.name,
            "Example": fact.example,
            "Identifies": fact.identifies,
            "Stored in": fact.kept_in,
            "How long it lasts": fact.lifetime,
            "Content": fact.content,
        }
        for fact in CATALOG
    ] == [{heading: plain(cell) for heading, cell in row.items()} for row in TOKENS]


def test_the_table_in_the_readme_is_the_same():
    """In fewer columns."""
    [table] = [
        rows
        for rows in tables((PROJECT / "README.md").read_text(encoding="utf-8"))
        if "Identifies" in rows[0]
    ]
    assert [
        {heading: cell for heading, cell in row.items() if heading in table[0]} for row in TOKENS
    ] == table


def test_every_letter_that_can_be_sent_has_a_row(monkeypatch, tmp_path):
    """All letters of a real token string, in order; the grammar has no others."""
    for kind in ("installer", "org", "machine"):
        monkeypatch.setenv(f"ANACONDA_ANON_USAGE_{kind.upper()}_TOKEN", "x")
    monkeypatch.setattr(tokens, "anaconda_auth_token", lambda *enabled: "x")
    (tmp_path / "env" / "conda-meta").mkdir(parents=True)
    sent = tokens.token_string(str(tmp_path / "env"))
    assert [plain(row["Token"]) for row in TOKENS] == [
        f"{word.partition('/')[0]}/" for word in sent.split()
    ]
    letters = "".join(plain(row["Token"])[0] for row in TOKENS[1:])
    assert f"[{letters}]" in grammar.TOKEN_STRING.pattern


def test_every_field_of_a_heartbeat_has_a_row(monkeypatch, home):
    """conda's fields, except for the solver."""
    monkeypatch.setattr(user_agent, "conda_version", lambda root: "24.7.1")
    sent = user_agent.user_agent(str(home), configuration.load(str(home)))
    names = [word.partition("/")[0] for word in sent.partition(" aau/")[0].split()]
    here = [
        *("conda", "requests", platform.python_implementation()),
        *(name for name, _ in _system() if name),
    ]
    assert here == names
    there = [plain(row["Field"]).rstrip("/") for row in CONDA_FIELDS]
    assert "conda requests CPython Linux debian glibc solver".split() == there
    assert len(names) <= len(there) - 1


def test_every_field_of_condas_own_requests_has_a_row(conda_root, environ):
    """As a real conda sends them, with a solver other than the classic one."""
    code = "from conda.base.context import context; print(context.user_agent)"
    done = subprocess.run(
        [conda_root / "bin" / "python", "-Ic", code],
        env={**environ, "CONDA_SOLVER": "libmamba"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    names = [word.partition("/")[0] for word in done.stdout.split()]
    assert names[:4] == ["conda", "requests", platform.python_implementation(), platform.system()]
    there = [plain(row["Field"]).rstrip("/") for row in CONDA_FIELDS]
    assert (len(there), there[-1]) == (names.index("solver") + 1, "solver")


def test_a_heartbeat_is_the_request_on_the_page(received, example):
    """The same method, path and headers, except for the host and the values of tokens."""
    request, _, _ = received
    line, *headers = example
    headers = dict(header.split(": ", 1) for header in headers)
    assert f"{request.method} {request.path} HTTP/1.1" == line
    assert sorted(headers) == sorted(request.headers.keys())
    assert headers["Accept-Encoding"] == request.headers["Accept-Encoding"]
    shape = [word.partition("/")[0] for word in headers["User-Agent"].split()]
    sent = [word.partition("/")[0] for word in request.headers["User-Agent"].split()]
    assert (shape[:4], shape[-4:]) == (sent[:4], sent[-4:])
    assert "" == request.get_data(as_text=True)


def test_token_bindings_are_as_described_and_not_sent(received):
    """Two values of four characters each."""
    request, prefix, _ = received
    values = (prefix / "etc" / "aau_token_prefix").read_text().split()
    assert [4, 4] == [len(value) for value in values]
    assert [] == [value for value in values if value in request.headers["User-Agent"]]


def test_files_that_a_heartbeat_writes_are_in_the_reference(received):
    """Nothing else is written to the home directory or to the environment."""
    _, prefix, home = received
    written = {f"~/.conda/{path.name}" for path in (home / ".conda").iterdir()}
    written |= {f"<prefix>/etc/{path.name}" for path in (prefix / "etc").iterdir()}
    written -= {"<prefix>/etc/conda", "~/.conda/environments.txt"}
    listed = set(re.findall(r"`([^`]*/aau_token\w*)`", page("reference")))
    assert written <= listed
    assert {path.name for path in home.iterdir()} == {".conda", ".condarc"}


def test_the_page_names_every_repository():
    """In order of preference."""
    assert list(configuration.REPOSITORIES) == re.findall(r"^- `(\S+)`$", PAGE, re.MULTILINE)
