"""For random contents of all files and variables, what is sent is valid."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from processes import forget
from readers import TOKEN_STRING, check_condarc, check_jwt

from anaconda_anon_usage import tokens
from anaconda_anon_usage.heartbeat import user_agent

HERE = Path(__file__).parent

bounded = settings(
    deadline=None,  # every example writes files
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# condarc

names = st.sampled_from(
    "anaconda_heartbeat anaconda_anon_usage channels default_channels channel_alias offline "
    "custom_channels custom_multichannels proxy_servers ssl_verify client_ssl_cert envs_dirs "
    "migrated_custom_channels x".split()
)
scalars = st.one_of(
    st.booleans(),
    st.none(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["https://repo.anaconda.com/pkgs/main", "http://a/\r\nX: 1", "http://me:x@h/", "defaults"]
    ),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
condarcs = st.one_of(
    st.binary(max_size=200),
    # JSON is a subset of YAML, except for the infinity of json.dumps().
    st.dictionaries(names, values, max_size=5).map(lambda d: json.dumps(d).encode()),
    st.lists(
        st.builds(
            "{}: {}{}".format, names, st.text(max_size=20), st.sampled_from(["", " #!final"])
        ),
        max_size=4,
    ).map(lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass")),
)


@bounded
@given(condarcs)
def test_any_condarc_gives_valid_settings(data):
    """They have their types, and nothing is printed."""
    check_condarc(data)


# JWTs


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


claims = st.fixed_dictionaries(
    {},
    optional={
        "exp": st.one_of(values, st.just(2**40)),
        "sub": st.one_of(values, st.uuids().map(str), st.uuids().map(lambda u: f"{u}\n")),
    },
)
headers = st.one_of(values, st.just({"typ": "JWT"}), st.fixed_dictionaries({"typ": values}))
signatures = st.one_of(st.just("c2ln"), st.text(max_size=5))
keys = st.one_of(
    st.binary(max_size=100),
    st.builds(
        lambda *parts: ".".join(parts).encode("utf-8", "surrogatepass"),
        headers.map(encoded),
        claims.map(encoded),
        signatures,
    ),
)


@bounded
@given(keys)
def test_any_key_gives_a_token_or_none(data):
    """In both cases, the token string matches the grammar."""
    check_jwt(data)
    key = data.decode("utf-8", "surrogateescape")
    found = tokens.token_from_api_key(key)
    parts = ["aau/1", *([f"a/{found}"] if found else [])]
    assert TOKEN_STRING.fullmatch(" ".join(parts))


# Token files, the keyring, and all files at once

PLACES = [
    *(".conda/aau_token", ".conda/aau_token_binding", "env/etc/aau_token"),
    *("env/etc/aau_token_prefix", ".conda/org_token", "env/machine_token", "installer_token"),
    *(".anaconda/keyring", ".anaconda/config.toml", ".condarc"),
]


@bounded
@given(st.lists(st.one_of(st.binary(max_size=60), condarcs, keys), min_size=10, max_size=10))
def test_any_content_of_all_files_gives_a_token_string(home, contents):
    """Several files may be damaged at the same time."""
    for place, content in zip(PLACES, contents):
        (home / place).parent.mkdir(parents=True, exist_ok=True)
        (home / place).write_bytes(content)
    (home / "env" / "conda-meta").mkdir(exist_ok=True)
    forget()
    assert TOKEN_STRING.fullmatch(tokens.token_string(str(home / "env"), enabled=True))
    forget()


# User-Agents

words = st.text(max_size=20)


@bounded
@given(st.lists(words, min_size=6, max_size=6), st.booleans())
def test_any_machine_gives_a_valid_user_agent(monkeypatch, home, texts, enabled):
    """It is printable ASCII and ends with a valid token string."""
    with monkeypatch.context() as patch:
        patch.setattr(user_agent, "_system", lambda: [("Linux", texts[0]), texts[:2], texts[2:4]])
        patch.setattr(user_agent, "conda_version", lambda root: texts[4])
        patch.setattr(tokens, "all_tokens", lambda *arguments: hostile_tokens(texts))
        settings = SimpleNamespace(anon_usage=enabled, root_prefix=None)
        whole = user_agent.user_agent(None, settings)
    own, _, string = whole.partition(" aau/")
    assert re.fullmatch(r"[!-~]+( [!-~]+)*", own)
    assert TOKEN_STRING.fullmatch(f"aau/{string}")


def hostile_tokens(texts: list[str]) -> tokens.Tokens:
    """Return tokens that are arbitrary text."""
    return tokens.Tokens("1", *texts[:4], [texts[4]], texts[:2], texts)


# Coverage-guided fuzzing


@pytest.mark.unmeasured
@pytest.mark.parametrize("reader, runs", [("condarc", 4000), ("jwt", 40_000)])
def test_guided_fuzzing_finds_nothing(tmp_path, environ, reader, runs):
    """It starts from the corpus. fuzz_readers.py runs for longer."""
    pytest.importorskip("atheris", reason="atheris does not support this Python")
    done = subprocess.run(
        [sys.executable, HERE / "fuzz_readers.py", reader, f"-runs={runs}", "-max_total_time=40"],
        env={**environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert (0, []) == (done.returncode, list(tmp_path.glob("crash-*"))), done.stderr[-2000:]
    assert int(re.search(r"Done (\d+) runs", done.stderr)[1]) >= 1000


@pytest.mark.parametrize("reader, check", [("condarc", check_condarc), ("jwt", check_jwt)])
def test_the_corpus_is_read_without_errors(reader, check):
    """This does not need atheris."""
    files = sorted((HERE / "corpus" / reader).iterdir())
    assert len(files) > 10
    for file in files:
        check(file.read_bytes())
