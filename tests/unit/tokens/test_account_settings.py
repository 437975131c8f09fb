"""The location of anaconda-auth's login: its settings, and the library itself."""

from __future__ import annotations

import importlib.util
import json
import sys
import textwrap
import time

import pytest
from logins import (
    OTHER_USER,
    PRINT_TOKEN,
    TOKEN,
    api_key,
    entry,
    run,
    write_config,
    write_keyring,
)
from support import missing

from anaconda_anon_usage.tokens import account
from anaconda_anon_usage.tokens.account import account_token


@pytest.fixture(params=["tomllib", "tomli"])
def toml(request, monkeypatch):
    """Each available parser of config.toml."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    if request.param == "tomli":
        monkeypatch.setitem(sys.modules, "tomllib", None)


@pytest.fixture
def library():
    """The real anaconda-auth, which is required in every Python that it still supports."""
    if importlib.util.find_spec("anaconda_auth") is None:
        if sys.version_info < (3, 10):
            pytest.skip("anaconda-auth is not installed")
        missing("anaconda-auth")


@pytest.fixture
def system_keyring(home, library):
    """A system keyring that uses a JSON file, and the variable that selects it."""
    modules = home / "modules"
    modules.mkdir()
    (modules / "system_keyring.py").write_text(
        textwrap.dedent(
            """
            import json, os
            from keyring.backend import KeyringBackend

            PATH = os.path.join(os.path.expanduser("~"), "system-keyring.json")

            class SystemKeyring(KeyringBackend):
                priority = 5

                def _read(self):
                    if not os.path.exists(PATH):
                        return {}
                    with open(PATH) as file:
                        return json.load(file)

                def get_password(self, service, username):
                    return self._read().get(service, {}).get(username)

                def set_password(self, service, username, password):
                    data = self._read()
                    data.setdefault(service, {})[username] = password
                    with open(PATH, "w") as file:
                        json.dump(data, file)

                def delete_password(self, service, username):
                    raise NotImplementedError
            """
        )
    )
    return {"PYTHON_KEYRING_BACKEND": "system_keyring.SystemKeyring"}


SYSTEM = {"ANACONDA_AUTH_PREFERRED_TOKEN_STORAGE": "system"}


@pytest.mark.usefixtures("toml")
def test_a_key_in_the_settings_is_read(home):
    """anaconda-auth treats a key in config.toml like one in the variable."""
    write_config(home, f"[plugin.auth]\napi_key = '{api_key()}'  # mine\n")
    write_keyring(home, api_key(OTHER_USER))
    assert TOKEN == account_token()


@pytest.mark.usefixtures("toml")
@pytest.mark.parametrize(
    "text",
    [
        "[plugin.auth]\ndomain = 'example.com'",
        '[plugin.auth]\ndomain = "https://example.com/"',
        '[plugin.cloud]\ndomain = "example.com"',
        '[sites.mine]\ndomain = "example.com"',
        '[sites."example.com"]\ndomain = "example.com"',
        'default_site = "b"\n[sites.a]\ndomain = "a.com"\n[sites.b]\ndomain = "example.com"',
        'default_site = "example.com"\n[sites.a]\n[sites.b]\ndomain = "example.com"',
        '[plugin.auth]\ndomain = "a.com"\n[sites.a]\ndomain = "example.com"',
    ],
)
def test_the_domain_in_the_settings_is_used(home, text):
    """It is the name of the keyring's entry."""
    write_config(home, text)
    write_keyring(home, api_key(), "example.com")
    assert TOKEN == account_token()


@pytest.mark.parametrize("prefix", ["ANACONDA_AUTH_", "ANACONDA_CLOUD_"])
def test_the_domain_in_a_variable_is_used(home, monkeypatch, prefix):
    """Both its current and its older name work."""
    monkeypatch.setenv(prefix + "DOMAIN", "example.com")
    write_keyring(home, api_key(), "example.com")
    assert TOKEN == account_token()


@pytest.mark.usefixtures("toml")
def test_the_keyring_file_may_be_elsewhere(home, monkeypatch):
    """Variables and ~ in its path are expanded."""
    monkeypatch.setenv("WHERE", "elsewhere")
    write_config(home, '[plugin.auth]\nkeyring_path = "~/$WHERE/ring"\n')
    write_keyring(home, api_key(), path="elsewhere/ring")
    assert TOKEN == account_token()


def test_the_settings_may_be_elsewhere(home, monkeypatch):
    """ANACONDA_CONFIG_TOML has the path of the file."""
    file = write_config(home, f'[plugin.auth]\napi_key = "{api_key()}"\n')
    file = file.rename(home / "other.toml")
    monkeypatch.setenv("ANACONDA_CONFIG_TOML", "~/other.toml")
    assert TOKEN == account_token()


@pytest.mark.usefixtures("toml")
@pytest.mark.parametrize(
    "text",
    [
        "this is not TOML",
        "plugin = 1",
        "[plugin]\nauth = 'x'",
        "[plugin.auth]\ndomain = 1\nkeyring_path = []\napi_key = {}",
        "sites = []\ndefault_site = [1]",
        "default_site = [1]\n[sites.a]",
        "[sites]\na = 1",
        "[[plugin]]\nauth = 1",
        "[plugin]\nauth = 'x'\n[plugin.auth]\ndomain = 'y'",
        "[plugin.auth]\npreferred_token_storage = 'nowhere'",
        "[plugin.auth]\n[[more]]\ndomain = 'y'",
        "a = " + "[" * 60000,
        "a." * 30000 + "a = 1",
    ],
    ids=lambda text: text[:40],
)
def test_invalid_settings_do_not_hide_the_login(home, text):
    """They have their defaults."""
    write_config(home, text)
    write_keyring(home, api_key())
    assert TOKEN == account_token()


def test_an_invalid_choice_of_a_site_does_not_hide_other_settings(home, monkeypatch):
    """For example, those in variables."""
    write_config(home, "default_site = [1]\n[sites.a]\n")
    file = write_keyring(home, api_key(), path="elsewhere/ring")
    monkeypatch.setenv("ANACONDA_AUTH_KEYRING_PATH", str(file))
    assert TOKEN == account_token()


def test_a_long_key_of_toml_takes_little_time(home):
    """A parser of the full language would take 16 seconds for it."""
    write_config(home, "a." * 32000 + "a = 1")
    start = time.process_time()
    account_token()
    assert time.process_time() - start < 2


# The library


@pytest.mark.usefixtures("library")
def test_the_library_is_not_imported_by_default(home):
    """Neither are its slow dependencies, with or without a login."""
    code = """
        from anaconda_anon_usage.tokens.account import account_token
        tokens = [account_token()]
        os.rename("keyring", ".anaconda/keyring")
        tokens.append(account_token())
        heavy = {"anaconda_auth", "anaconda_cli_base", "keyring", "pydantic", "jwt"}
        print(*tokens, sorted(heavy & set(sys.modules)))
    """
    write_keyring(home, api_key()).rename(home / "keyring")
    assert f"None {TOKEN} []" == run(home, code)


@pytest.mark.usefixtures("library")
def test_a_login_saved_by_the_library_is_read_from_its_file(home):
    """The real anaconda-auth writes the file, which is read without it."""
    save = f"""
        from anaconda_auth.token import TokenInfo
        TokenInfo(api_key="{api_key()}", username="me").save()
    """
    run(home, save)
    assert (True, TOKEN) == ((home / ".anaconda/keyring").stat().st_size > 0, account_token())


def test_a_login_in_the_systems_keyring_is_read_through_the_library(home, system_keyring):
    """The real anaconda-auth writes to the keyring and is imported to read from it."""
    save = f"""
        from anaconda_auth.token import TokenInfo
        TokenInfo(api_key="{api_key()}").save()
    """
    run(home, save, **SYSTEM, **system_keyring)
    code = textwrap.dedent(PRINT_TOKEN) + "print('anaconda_auth' in sys.modules)"
    assert f"{TOKEN}\nTrue" == run(home, code, **SYSTEM, **system_keyring)
    assert False is (home / ".anaconda" / "keyring").exists()


SAVE_TO_SYSTEM = """
    import system_keyring
    system_keyring.SystemKeyring().set_password("Anaconda Cloud", {domain!r}, {entry!r})
"""


def save_to_system(home, key, domain="anaconda.com"):
    run(home, textwrap.dedent(SAVE_TO_SYSTEM.format(domain=domain, entry=entry(key))))


@pytest.mark.usefixtures("system_keyring")
@pytest.mark.parametrize("table", ["plugin.auth", "plugin.cloud"])
def test_config_toml_can_choose_the_systems_keyring(home, table):
    """Both names of the table work. The library's deprecation warning is suppressed."""
    write_config(home, f'[{table}]\npreferred_token_storage = "system"\n')
    save_to_system(home, api_key())
    # Without PYTHON_KEYRING_BACKEND, the library itself reads the settings.
    assert TOKEN == run(home, "import system_keyring\n" + textwrap.dedent(PRINT_TOKEN))


def test_the_systems_keyring_is_not_used_unless_chosen(home, system_keyring):
    """This holds even if Python's keyring uses it."""
    save_to_system(home, api_key())
    assert "None" == run(home, PRINT_TOKEN, **system_keyring)


def test_the_systems_keyring_takes_precedence_over_an_older_file(home, system_keyring):
    """The login in the file may be another user's."""
    write_keyring(home, api_key(OTHER_USER))
    save_to_system(home, api_key())
    assert TOKEN == run(home, PRINT_TOKEN, **SYSTEM, **system_keyring)


def test_an_older_login_in_the_systems_keyring_is_read_and_not_moved(home, system_keyring):
    """The library itself would rewrite it."""
    save_to_system(home, api_key(), "anaconda.cloud")
    before = (home / "system-keyring.json").read_bytes()
    assert TOKEN == run(home, PRINT_TOKEN, **SYSTEM, **system_keyring)
    assert before == (home / "system-keyring.json").read_bytes()


@pytest.mark.usefixtures("library")
def test_the_file_is_read_without_a_systems_keyring(home):
    """The library also falls back to it, for example on a server."""
    write_keyring(home, api_key())
    assert TOKEN == run(home, PRINT_TOKEN, **SYSTEM)


def test_the_file_is_read_if_the_library_is_not_installed(home, monkeypatch):
    """Only the library can use the system's keyring."""
    monkeypatch.setitem(sys.modules, "anaconda_auth", None)
    monkeypatch.setenv("ANACONDA_AUTH_PREFERRED_TOKEN_STORAGE", "system")
    write_keyring(home, api_key())
    assert TOKEN == account_token()


@pytest.mark.parametrize("failure", ["raise RuntimeError('locked')", "return 17", "return 'x'"])
def test_a_failing_systems_keyring_gives_no_token(home, system_keyring, failure):
    """A locked or broken keyring must not make a command fail."""
    module = home / "modules" / "system_keyring.py"
    text = module.read_text()
    module.write_text(text.replace("return self._read().get(service, {}).get(username)", failure))
    assert "None" == run(home, PRINT_TOKEN, **SYSTEM, **system_keyring)


@pytest.mark.usefixtures("system_keyring")
def test_the_systems_keyring_is_found_and_navigators_is_not_asked(home):
    """Navigator would renew its login over the network and call us in turn."""
    save_to_system(home, api_key())
    navigator = home / "modules" / "anaconda_navigator"
    (navigator / "api" / "nucleus").mkdir(parents=True)
    for package in (navigator, navigator / "api", navigator / "api" / "nucleus"):
        (package / "__init__.py").write_text("")
    marker = home / "asked"
    (navigator / "api" / "nucleus" / "token.py").write_text(f"open({str(marker)!r}, 'w')")
    code = "import system_keyring\n" + textwrap.dedent(PRINT_TOKEN)
    with_login = run(home, code, **SYSTEM)
    (home / "system-keyring.json").unlink()
    without_login = run(home, code, **SYSTEM)
    chosen = "import keyring, system_keyring, anaconda_auth\nprint(keyring.get_keyring())"
    assert "ChainerBackend" in run(home, chosen, **SYSTEM)
    assert (TOKEN, "None", False) == (with_login, without_login, marker.exists())


CONFIGURATIONS = [
    ("", {}),
    ('[plugin.auth]\ndomain = "a.com"\npreferred_token_storage = "system"', {}),
    ('[plugin.auth]\ndomain = "a.com"', {"ANACONDA_AUTH_DOMAIN": "b.com"}),
    ('[plugin.auth]\ndomain = "a.com"\n[plugin.cloud]\ndomain = "b.com"', {}),
    ('[plugin.cloud]\napi_key = "k"', {"ANACONDA_CLOUD_API_KEY": "v"}),
    ("", {"ANACONDA_CLOUD_DOMAIN": "c.com", "ANACONDA_AUTH_API_KEY": ""}),
    ('[plugin.auth]\ndomain = "a.com"\napi_key = "k"\n[sites.s]\ndomain = "s.com"', {}),
    ('[plugin.cloud]\ndomain = "c.com"\n[sites.s]\ndomain = "s.com"', {}),
    ('[sites.s]\ndomain = "s.com"', {"ANACONDA_CLOUD_DOMAIN": "c.com"}),
    ('[sites.s]\ndomain = "s.com"\n[sites.t]\ndomain = "t.com"', {"ANACONDA_AUTH_SITE": "t"}),
    ('[sites.s]\napi_key = "s"\n[sites.t]\ndomain = "t"', {"ANACONDA_DEFAULT_SITE": "t"}),
    (
        '[sites.s]\ndomain = "s.com"\n[sites.t]\ndomain = "t.com"\napi_key = "k"',
        {"ANACONDA_AUTH_DOMAIN": "t.com"},
    ),
    (
        'default_site = "anaconda.com"\n[plugin.auth]\napi_key = "k"\n[sites.s]\ndomain = "s.com"',
        {},
    ),
    ('default_site = "t.com"\n[sites.s]\n[sites."t x"]\ndomain = "t.com"', {}),
]


@pytest.mark.usefixtures("library", "toml")
@pytest.mark.parametrize("text, variables", CONFIGURATIONS)
def test_the_settings_match_the_library(home, monkeypatch, text, variables):
    """The precedence of their sources is that of the real anaconda-auth."""
    write_config(home, text)
    code = """
        import contextlib, io, json, warnings
        warnings.simplefilter("ignore")
        from anaconda_auth.config import AnacondaAuthConfig
        with contextlib.redirect_stdout(io.StringIO()):
            config = AnacondaAuthConfig()
        print(json.dumps([config.domain, config.preferred_token_storage, config.api_key]))
    """
    theirs = json.loads(run(home, code, **variables))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = account._load_settings()
    ours = [
        account._domains(settings)[0],
        settings.get("preferred_token_storage", "anaconda-keyring"),
        settings.get("api_key"),
    ]
    assert theirs == ours
