"""User-Agents: tokens behind the last `` aau/``, and what conda says about itself."""

from __future__ import annotations

from dataclasses import astuple

import pyarrow as pa
import pytest
from fleet.catalog import CONDA_TOOLS, LINUX, MIRRORS, OTHER_TOOLS
from hypothesis import given, settings
from hypothesis import strategies as st

from anaconda_anon_usage_report.reading import agents
from anaconda_anon_usage_report.reading.formats import unescaped
from anaconda_anon_usage_report.reading.user_agent import Products, Tokens, parse

OWN = LINUX.text


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("0.9.0", Tokens(aau="0.9.0")),
        ("0.9.0 c/x s/y e/z", Tokens("x", "y", "z", aau="0.9.0")),
        ("0.8.1 c/x a/acc", Tokens("x", account="acc", aau="0.8.1")),
        ("0.9.0 e/z c/x", Tokens("x", environment="z", aau="0.9.0")),
        ("0.9.0 c/" + "x" * 36, Tokens("x" * 36, aau="0.9.0")),
        # Unknown letters are skipped; the first other word ends the tokens.
        ("0.9.0 z/new c/x", Tokens("x", aau="0.9.0")),
        ("0.9.0 Z/new c/x", Tokens("x", aau="0.9.0")),
        ("0.9.0 c/x proxy/1.0 s/y", Tokens("x", aau="0.9.0")),
        ("0.9.0 c/x (via squid) s/y", Tokens("x", aau="0.9.0")),
        ("0.9.0 c/x  s/y", Tokens("x", aau="0.9.0")),
        ("0.9.0 c/x s/", Tokens("x", aau="0.9.0")),
        ("0.9.0 c/x s/$(id)", Tokens("x", aau="0.9.0")),
        ("0.9.0 c/x s/" + "y" * 37, Tokens("x", aau="0.9.0")),
        ("0.9.0 c/x s/ÿ e/z", Tokens("x", aau="0.9.0")),
        ("0.9.0 é/x c/x", Tokens(aau="0.9.0")),
        ("0.9.0 1/x c/x", Tokens(aau="0.9.0")),
        ("0.9.0\tc/x", Tokens()),
        # Without a valid version there are no tokens.
        ("", Tokens()),
        (" c/x", Tokens()),
        ("0.9(0) c/x", Tokens()),
        ("v" * 65 + " c/x", Tokens()),
        # Only these can occur several times.
        ("0.9.0 o/b o/a o/b", Tokens(organizations=("b", "a"), aau="0.9.0")),
        ("0.9.0 m/1 i/2 m/3", Tokens(machines=("1", "3"), installers=("2",), aau="0.9.0")),
        ("0.9.0 c/x c/y", Tokens("x", aau="0.9.0")),
    ],
)
def test_tokens(tail, expected):
    assert parse(f"{OWN} aau/{tail}")[0] == expected


def test_the_last_token_string_counts():
    assert parse(f"{OWN} aau/0.8.1 c/old s/old aau/0.9.0 c/new")[0] == Tokens("new", aau="0.9.0")


@pytest.mark.parametrize("text", ["", "-", "aau/0.9.0 c/x", "conda/24.7.1", "xaau/0.9.0 c/x"])
def test_user_agents_without_token_string(text):
    assert parse(text)[0] == Tokens()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Products()),
        (
            "conda/24.7.1 requests/2.32 PyPy/7.3.15 Windows/11 Windows/10.0.26100"
            " solver/libmamba conda-libmamba-solver/24.7.0 libmambapy/1.5.8",
            Products(
                installer_name="conda",
                installer_version="24.7.1",
                conda="24.7.1",
                python="7.3.15",
                implementation="PyPy",
                system_name="Windows",
                distro_name="Windows",
                distro_version="10.0.26100",
                solver="libmamba",
                solver_version="24.7.0",
            ),
        ),
        # A heartbeat of an environment without conda.
        (
            "CPython/3.13.2 Linux/6.1.0 musl/1.2.5",
            Products(
                installer_name="CPython",
                installer_version="3.13.2",
                python="3.13.2",
                implementation="CPython",
                system_name="Linux",
                libc="musl 1.2.5",
            ),
        ),
        ("Wget", Products(installer_name="Wget")),
        # Nothing that may be an address or a secret becomes the name of a tool.
        ("192.0.2.7", Products()),
        ("user:password@example.org/x", Products()),
        ("tool/user:password@example.org", Products(installer_name="tool")),
    ],
)
def test_products(text, expected):
    assert parse(text)[1] == expected


@pytest.mark.parametrize("tool", [*CONDA_TOOLS, *OTHER_TOOLS, *MIRRORS], ids=lambda tool: tool.text)
def test_products_of_the_programs_of_the_fleet(tool):
    text, *fields = astuple(tool)
    assert parse(text)[1] == Products(*fields)


WORDS = st.sampled_from(
    "c/x c/y s/1 e/é a/b o/1 o/2 i/1 m/1 z/9 Z/9 c/ / c aau/0.9.0 aau/ (x) curl/8 \\x22 \\ Linux/6"
    " debian/12 glibc/2 solver/rattler conda-rattler-solver/1".split(" ")
)
AGENTS = st.lists(WORDS | st.text(max_size=8), max_size=12).map(" ".join)
USUAL = st.tuples(st.just(OWN + " aau/0.9.0"), st.lists(WORDS, max_size=4)).map(
    lambda parts: " ".join([parts[0], *parts[1]])
)


@settings(deadline=None)
@given(st.lists(AGENTS | USUAL, max_size=20, unique=True))
def test_whole_columns_give_the_same_result(texts):
    logged = [text.encode().decode("latin-1").replace("\\", r"\x5C") for text in texts]
    column = pa.array([text.encode("latin-1") for text in logged], pa.binary())

    def text(logged):
        return unescaped(logged.decode("latin-1"))

    plain = all(text.isascii() and "\\" not in text for text in logged)
    tables = agents.tables(column, plain, text)
    expected = [list(column) for column in zip(*map(parse, texts), strict=True)] or [[], []]
    for (numbers, table), rows in zip(tables, expected, strict=True):
        found = table.take(pa.array(numbers)).to_pylist()
        assert [
            {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in row.items()
            }
            for row in (row._asdict() for row in rows)
        ] == found
