"""Every function that returns tokens obeys an opt-out, and the settings are read once."""

from __future__ import annotations

import os

import pytest
from processes import files_in, make_environment, run
from test_privileges import give

FUNCTIONS = {
    "client_token()": "''",
    "session_token()": "''",
    "environment_token()": "''",
    "anaconda_auth_token()": "''",
    "installer_tokens()": "[]",
    "organization_tokens()": "[]",
    "machine_tokens()": "[]",
    "administrator_tokens('org')": "{}",
    "tuple(all_tokens()[1:])": "('', '', '', '', [], [], [])",
    "token_string().partition(' ')[2]": "''",
}

CALL = "from anaconda_anon_usage.tokens import *; from anaconda_anon_usage.tokens import {}; print(repr({}))"

OPT_OUTS = {
    "a condarc": ("anaconda_anon_usage: no\n", {}),
    "an invalid condarc": ("anaconda_anon_usage: yes\n\t\n", {}),
    "a variable": ("", {"CONDA_anaconda_anon_usage": "off"}),
    "DO_NOT_TRACK": ("anaconda_anon_usage: yes\n", {"DO_NOT_TRACK": "1"}),
}

#: An invented key for user 00112233-4455-6677-8899-aabbccddeeff, valid until the year 2286.
API_KEY = (
    "eyJ0eXAiOiJKV1QifQ"
    ".eyJleHAiOjk5OTk5OTk5OTksInN1YiI6IjAwMTEyMjMzLTQ0NTUtNjY3Ny04ODk5LWFhYmJjY2RkZWVmZiJ9.c2ln"
)


@pytest.fixture
def call(someone, home, tmp_path):
    """Call a function of ``tokens`` with all kinds of token available, and return its output."""
    env = make_environment(tmp_path / "env")
    give(env, home.stat().st_uid, home.stat().st_gid)
    (home / "installer_token").write_text("installer")
    variables = {
        "CONDA_PREFIX": str(env),
        "ANACONDA_AUTH_API_KEY": API_KEY,
        "ANACONDA_ANON_USAGE_ORG_TOKEN": "org",
        "ANACONDA_ANON_USAGE_MACHINE_TOKEN": "machine",
    }

    def run_it(expression: str, **more: str) -> str:
        code = CALL.format(expression.partition("(")[0].replace("tuple", "all_tokens"), expression)
        return run(home, code, before=someone, **variables, **more)

    return run_it


@pytest.mark.parametrize("opt_out", OPT_OUTS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_returns_nothing_and_writes_nothing(call, home, tmp_path, function, opt_out):
    """It does not matter which setting turned telemetry off."""
    condarc, variables = OPT_OUTS[opt_out]
    (home / ".condarc").write_text(condarc)
    before = files_in(tmp_path)
    assert FUNCTIONS[function] == call(function, **variables)
    assert before == files_in(tmp_path)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_caller_that_has_decided_overrides_the_settings(call, home, function):
    """``enabled`` works in both directions."""
    (home / ".condarc").write_text("anaconda_anon_usage: no\n")
    on = function.replace("('org')", "('org', enabled=True)").replace("()", "(enabled=True)", 1)
    off = on.replace("True", "False")
    assert FUNCTIONS[function] != call(on)
    (home / ".condarc").write_text("")
    assert FUNCTIONS[function] == call(off)


def test_the_version_is_always_returned(call, home):
    """It does not identify anyone."""
    (home / ".condarc").write_text("anaconda_anon_usage: no\n")
    assert "True" == call("version_token() == token_string()[4:]")


def test_an_environments_own_condarc_decides_for_it(someone, home, tmp_path):
    """One environment can opt out while another does not."""
    for name in ("on", "off"):
        env = make_environment(tmp_path / name)
        (env / ".condarc").write_text(f"anaconda_anon_usage: {name}\n")
    printed = run(
        home,
        f"""
        from anaconda_anon_usage.tokens import token_string
        print("s/" in token_string({str(tmp_path / "on")!r}))
        print("s/" in token_string({str(tmp_path / "off")!r}))
        """,
        before=someone,
    )
    assert ["True", "False"] == printed.split()


def test_the_settings_are_read_once(someone, home):
    """All functions of a process share them."""
    (home / ".condarc").write_text("anaconda_anon_usage: yes\n")
    printed = run(
        home,
        """
        import sys
        from anaconda_anon_usage import tokens
        opened = []
        sys.addaudithook(lambda event, found: event == "open" and opened.append(str(found[0])))
        tokens.all_tokens(), tokens.token_string(), tokens.client_token(), tokens.session_token()
        print(len([path for path in opened if path.endswith(".condarc")]))
        """,
        before=someone,
    )
    assert "1" == printed


def test_the_condarc_is_reread_in_the_next_process(call, home):
    """An opt-out takes effect in the next process."""
    (home / ".condarc").write_text("")
    first = call("client_token()")
    (home / ".condarc").write_text("anaconda_anon_usage: no\n")
    assert ("''", True) == (call("client_token()"), len(first) == 24)
    assert ["aau_token", "aau_token_binding"] == sorted(os.listdir(home / ".conda"))
