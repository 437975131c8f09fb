"""The token of the Anaconda account: from the variable, the files and the library."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import subprocess
import sys
import textwrap
import time
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import missing

import anaconda_anon_usage
from anaconda_anon_usage import anaconda_cloud, anaconda_settings
from anaconda_anon_usage.anaconda_cloud import anaconda_auth_token, token_from_api_key

REPOSITORY = str(Path(anaconda_anon_usage.__file__).parent.parent)
HAS_TOMLLIB = importlib.util.find_spec("tomllib") is not None
FUTURE = 4102444800  # the year 2100
USER = "00112233-4455-6677-8899-aabbccddeeff"
TOKEN = "ABEiM0RVZneImaq7zN3u_w"
OTHER_USER = "ffffffff-ffff-4fff-bfff-ffffffffffff"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def token_of(user: str) -> str:
    return base64url(uuid.UUID(user).bytes)


def api_key(user=USER, header=None, **claims) -> str:
    """A key like that of the real service; a claim of None is left out."""
    header = {"alg": "RS256", "typ": "JWT"} if header is None else header
    claims = {"exp": FUTURE, "sub": user, "scopes": ["cloud:read"], **claims}
    claims = {name: value for name, value in claims.items() if value is not None}
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), b"signature"]
    return ".".join(map(base64url, parts))


def entry(key) -> str:
    """What a keyring holds for a domain."""
    return base64.b64encode(json.dumps({"api_key": key, "version": 2}).encode()).decode()


def write_keyring(home: Path, key, domain="anaconda.com", path=".anaconda/keyring") -> Path:
    file = home / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"Anaconda Cloud": {domain: entry(key)}}))
    return file


def write_config(home: Path, text: str) -> Path:
    file = home / ".anaconda" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(textwrap.dedent(text))
    return file


def run(home: Path, code: str, **variables: str) -> str:
    """Run code in a fresh Python whose home is home, without a network.

    Any attempt to reach the network ends it with status 97. Returns its stdout; its
    stderr must be empty.
    """
    prelude = """
        import os, sys
        def offline(event, arguments):
            outwards = event == "socket.connect" and isinstance(arguments[1], tuple)
            if outwards or event == "socket.getaddrinfo":
                os._exit(97)
        sys.addaudithook(offline)
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANACONDA", "DBUS", "PYTHON"))
    }
    path = os.pathsep.join([REPOSITORY, str(home / "modules")])
    proxies = dict.fromkeys(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"], "http://127.0.0.1:9")
    environment.update(proxies, HOME=str(home), USERPROFILE=str(home), PYTHONPATH=path)
    environment.update(variables)
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(prelude) + textwrap.dedent(code)],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (0, "") == (result.returncode, result.stderr)
    return result.stdout.strip()


PRINT_TOKEN = """
    from anaconda_anon_usage.anaconda_cloud import anaconda_auth_token
    print(anaconda_auth_token())
"""


@pytest.fixture(params=["the whole language", "the scan"] if HAS_TOMLLIB else ["the scan"])
def toml(request, monkeypatch):
    """Each way of reading config.toml that this Python has."""
    if request.param == "the scan":
        monkeypatch.setitem(sys.modules, "tomllib", None)


@pytest.fixture
def library():
    """The real anaconda-auth, which the tests require in Pythons that it still supports."""
    if importlib.util.find_spec("anaconda_auth") is None:
        if sys.version_info < (3, 10):
            pytest.skip("anaconda-auth is not installed")
        missing("anaconda-auth")


@pytest.fixture
def system_keyring(home, library):
    """A keyring of the system that lies in a JSON file, and the variable that selects it."""
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


# A key


def test_key_gives_the_users_uuid_in_22_characters():
    """The 16 bytes of the claim sub, in URL-safe base64 without padding."""
    assert TOKEN == token_from_api_key(api_key())


def test_token_uses_the_url_safe_alphabet():
    """The bytes 0xfb 0xff would be + and / in the other one."""
    assert "-_-_-_-_-_-_-_-_-_-_-w" == token_from_api_key(
        api_key("fbffbffb-ffbf-fbff-bffb-ffbffbffbffb")
    )


def test_uuid_may_be_in_capitals():
    """The form of a UUID does not depend on case."""
    assert TOKEN == token_from_api_key(api_key(USER.upper()))


@given(st.uuids())
def test_every_uuid_is_told_apart(user):
    """The token can be decoded to the UUID."""
    token = token_from_api_key(api_key(str(user)))
    assert user.bytes == base64.urlsafe_b64decode(token + "==")


@pytest.mark.parametrize(
    "exp, expected",
    [(1001, TOKEN), (1000.5, TOKEN), (1000, None), (999, None), (0, None), (-1, None)],
)
def test_key_is_used_until_it_expires(exp, expected):
    """The claim exp must lie in the future, without leeway."""
    assert expected == token_from_api_key(api_key(exp=exp), now=1000)


def test_expiry_is_compared_with_the_clock():
    """Without an explicit time the present counts."""
    now = time.time()
    assert (None, TOKEN) == (
        token_from_api_key(api_key(exp=now - 1)),
        token_from_api_key(api_key(exp=now + 100)),
    )


@pytest.mark.parametrize(
    "exp",
    [None, True, str(FUTURE), [FUTURE], {}, float("inf"), float("nan"), float("-inf")],
    ids=repr,
)
def test_key_without_a_proper_expiry_is_not_used(exp):
    """Only a finite number is a time; json.dumps writes Infinity and NaN."""
    assert None is token_from_api_key(api_key(exp=exp))


def test_truth_is_no_expiry():
    """To Python it is the number 1."""
    assert None is token_from_api_key(api_key(exp=True), now=0)


def test_number_beyond_all_floats_is_no_expiry():
    """Python reads 1e999 as infinity."""
    head, payload, tail = api_key().split(".")
    payload = base64url(b'{"exp": 1e999, "sub": "%s"}' % USER.encode())
    assert None is token_from_api_key(f"{head}.{payload}.{tail}")


@pytest.mark.parametrize(
    "user",
    [
        None,
        17,
        [USER],
        "",
        "user@example.com",
        USER.replace("-", ""),
        "{" + USER + "}",
        "urn:uuid:" + USER,
        USER + "\n",
        " " + USER,
        USER[:-1],
        USER + "0",
        USER.replace("0", "g"),
        USER.replace("-", " "),
        "0011-22334455-6677-8899-aabbccddeeff",
        USER.replace("0", "\u0660"),
        USER.replace("a", "\uff41"),
        "auth0|" + USER,
    ],
    ids=repr,
)
def test_user_that_is_no_uuid_has_no_token(user):
    """Only 8-4-4-4-12 hexadecimal digits are accepted, in ASCII."""
    assert None is token_from_api_key(api_key(user, sub=user))


@pytest.mark.parametrize(
    "header",
    [{}, {"typ": None}, {"typ": "JWE"}, {"typ": ["JWT"]}, {"typ": 1}, [], "JWT", 7],
    ids=repr,
)
def test_other_kinds_of_tokens_are_not_used(header):
    """The header must be an object whose typ is JWT."""
    assert None is token_from_api_key(api_key(header=header))


@pytest.mark.parametrize(
    "damage",
    [
        lambda key: "",
        lambda key: ".." + key,
        lambda key: "..",
        lambda key: key.rpartition(".")[0],
        lambda key: key.rpartition(".")[0] + ".",
        lambda key: key.rpartition(".")[0] + ".A",
        lambda key: key.rpartition(".")[0] + ".not base64",
        lambda key: key + ".AAAA",
        lambda key: key + "\n",
        lambda key: " " + key,
        lambda key: key + "=",
        lambda key: "Bearer " + key,
        lambda key: key[1:],
        lambda key: key.replace(".", "+.", 1),
        lambda key: key + "\u00e9",
        lambda key: key + "\udc80",
        lambda key: key + "\0",
        lambda key: key + "A" * 65536,
    ],
)
def test_malformed_key_is_not_used(damage):
    """Three parts in URL-safe base64 without padding, and nothing else."""
    assert None is token_from_api_key(damage(api_key()))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 40000,
        b'{"exp":' + b"9" * 40000 + b"}",
        json.dumps({"exp": FUTURE, "sub": USER}).encode("utf-16"),
        b"\xef\xbb\xbf" + json.dumps({"exp": FUTURE, "sub": USER}).encode(),
        b'{"sub": "%s"} {}' % USER.encode(),
    ],
    ids=lambda payload: repr(payload[:20]),
)
def test_payload_that_is_no_object_in_utf8_is_not_used(payload):
    """Also where the parser runs out of stack or digits."""
    head, _, tail = api_key().split(".")
    assert None is token_from_api_key(f"{head}.{base64url(payload)}.{tail}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def is_none_or_token(value) -> bool:
    return value is None or re.fullmatch(r"[A-Za-z0-9_-]{22}", value) is not None


@given(st.text())
def test_any_text_gives_a_token_or_none(text):
    """No key raises, and nothing of it gets into the string undecoded."""
    assert is_none_or_token(token_from_api_key(text))


@given(st.lists(st.binary(), min_size=3, max_size=3))
def test_any_three_parts_give_a_token_or_none(parts):
    """Also where the parts are well-formed base64url."""
    assert is_none_or_token(token_from_api_key(".".join(map(base64url, parts))))


@given(header=JSON, exp=JSON, sub=JSON)
def test_any_json_in_a_key_gives_a_token_or_none(header, exp, sub):
    """Also where the parts are well-formed JSON."""
    key = api_key(header=header or {"typ": "JWT"}, exp=exp, sub=sub)
    assert is_none_or_token(token_from_api_key(key))


@given(exp=JSON, sub=st.one_of(JSON, st.uuids().map(str)))
def test_any_claims_give_a_token_or_none(exp, sub):
    """Also where the header is right."""
    assert is_none_or_token(token_from_api_key(api_key(exp=exp, sub=sub)))


@given(st.data())
def test_key_with_one_changed_character_gives_a_token_or_none(data):
    """A damaged key may name another user, which only its issuer could tell."""
    key = api_key()
    place = data.draw(st.integers(0, len(key) - 1))
    key = key[:place] + data.draw(st.characters()) + key[place + 1 :]
    assert is_none_or_token(token_from_api_key(key))


# The variable and the keyring file


def test_nobody_is_logged_in_to_an_empty_home():
    """Without a key there is no token."""
    assert None is anaconda_auth_token()


def test_variable_is_read(monkeypatch):
    """ANACONDA_AUTH_API_KEY holds a key as it is."""
    monkeypatch.setenv("ANACONDA_AUTH_API_KEY", api_key())
    assert TOKEN == anaconda_auth_token()


def test_keyring_file_is_read(home):
    """The login that anaconda-auth wrote."""
    write_keyring(home, api_key())
    assert TOKEN == anaconda_auth_token()


def test_keyring_file_is_left_as_it_was(home):
    """It is read only: neither its bytes nor its directory change."""
    file = write_keyring(home, api_key())
    before = file.read_bytes(), file.stat().st_mtime_ns, os.listdir(home / ".anaconda")
    anaconda_auth_token()
    after = file.read_bytes(), file.stat().st_mtime_ns, os.listdir(home / ".anaconda")
    assert before == after


def test_nothing_is_made_in_an_empty_home(home):
    """Not even the directory of the login."""
    anaconda_auth_token()
    assert [] == os.listdir(home)


def test_variable_comes_before_the_file(home, monkeypatch):
    """The library prefers it as well."""
    write_keyring(home, api_key(OTHER_USER))
    monkeypatch.setenv("ANACONDA_AUTH_API_KEY", api_key())
    assert TOKEN == anaconda_auth_token()


@pytest.mark.parametrize("key", ["", "nonsense", api_key(exp=1)])
def test_file_is_read_where_the_variable_is_of_no_use(home, monkeypatch, key):
    """An empty, malformed or expired variable does not hide the login."""
    write_keyring(home, api_key())
    monkeypatch.setenv("ANACONDA_AUTH_API_KEY", key)
    assert TOKEN == anaconda_auth_token()


@pytest.mark.parametrize("domain", ["id.anaconda.cloud", "anaconda.cloud"])
def test_login_of_an_older_version_is_read(home, domain):
    """The library moves these to anaconda.com when it is used next."""
    write_keyring(home, api_key(), domain)
    assert TOKEN == anaconda_auth_token()


def test_current_login_comes_before_an_older_one(home):
    """Whatever their order in the file is."""
    file = write_keyring(home, api_key(OTHER_USER), "anaconda.cloud")
    data = json.loads(file.read_text())
    data["Anaconda Cloud"]["anaconda.com"] = entry(api_key())
    file.write_text(json.dumps(data))
    assert TOKEN == anaconda_auth_token()


def test_login_to_another_domain_is_not_read(home):
    """Unless the settings name it, nobody is logged in there by default."""
    write_keyring(home, api_key(), "anaconda.example.com")
    assert None is anaconda_auth_token()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 100,
        b"\xff\xfe",
        b"not JSON",
        b"[]",
        b"null",
        b"{}",
        b"[" * 60000,
        b'{"Anaconda Cloud": null}',
        b'{"Anaconda Cloud": []}',
        b'{"Anaconda Cloud": {}}',
        b'{"Anaconda Cloud": {"anaconda.com": null}}',
        b'{"Anaconda Cloud": {"anaconda.com": 17}}',
        b'{"Anaconda Cloud": {"anaconda.com": ""}}',
        b'{"Anaconda Cloud": {"anaconda.com": "no base64"}}',
        b'{"Anaconda Cloud": {"anaconda.com": "\\u00e9"}}',
        b'{"Anaconda Cloud": {"anaconda.com": "bm90IEpTT04="}}',
        b'{"Anaconda Cloud": {"anaconda.com": "W10="}}',
        b'{"Anaconda Cloud": {"anaconda.com": "e30="}}',
        json.dumps({"Anaconda Cloud": {"anaconda.com": entry(17)}}).encode(),
        json.dumps({"Anaconda Cloud": {"anaconda.com": entry([api_key()])}}).encode(),
        json.dumps({"Anaconda Cloud": {"anaconda.com": entry(api_key(exp=1))}}).encode(),
    ],
    ids=lambda content: repr(content[:60]),
)
def test_damaged_keyring_file_gives_no_token(home, content):
    """Whatever was cut, overwritten or written by hand."""
    file = write_keyring(home, api_key())
    file.write_bytes(content)
    assert None is anaconda_auth_token()


def test_directory_of_the_working_directory_is_no_home(home, monkeypatch):
    """Where a user has no home, ~ remains, and names anybody's directory here."""
    write_keyring(home, api_key())
    (home / "~").mkdir()
    (home / ".anaconda").rename(home / "~" / ".anaconda")
    monkeypatch.chdir(home)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert None is anaconda_auth_token()


def test_huge_entry_is_not_read():
    """The system's keyring may hold one."""
    text = base64.b64encode(json.dumps({"api_key": api_key()}).encode() + b" " * 65536).decode()
    assert None is anaconda_cloud._attempt(anaconda_cloud._key_of_entry, text)


def test_huge_keyring_file_is_not_read(home):
    """The limit is 64 KiB."""
    file = write_keyring(home, api_key())
    text = file.read_text()
    file.write_text(text + " " * (65536 - len(text)))
    at_the_limit = anaconda_auth_token()
    file.write_text(text + " " * (65537 - len(text)))
    assert (TOKEN, None) == (at_the_limit, anaconda_auth_token())


@pytest.mark.parametrize("name", ["keyring", "config.toml"])
@pytest.mark.parametrize("kind", ["directory", "fifo", "loop", "device"])
def test_what_is_no_file_neither_blocks_nor_fails(home, name, kind):
    """A pipe without a writer would block an ordinary open for ever."""
    path = home / ".anaconda" / name
    path.parent.mkdir()
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        getattr(os, "mkfifo", lambda path: pytest.skip("no FIFOs"))(path)
    else:
        target = path if kind == "loop" else "/dev/zero"
        try:
            path.symlink_to(target)
        except OSError:
            pytest.skip("no symbolic links")
    assert "None" == run(home, PRINT_TOKEN)


@given(st.binary())
def test_any_bytes_in_the_keyring_give_a_token_or_none(content):
    """A keyring's entry of any content neither raises nor gets into the string."""
    text = base64.b64encode(content).decode()
    key = anaconda_cloud._attempt(anaconda_cloud._key_of_entry, text)
    assert is_none_or_token(token_from_api_key(key))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_interruption_passes(home, monkeypatch, error):
    """Ctrl-C ends the command, not only the search for a token."""

    def interrupted(*arguments):
        raise error

    monkeypatch.setattr(anaconda_cloud, "read_text", interrupted)
    with pytest.raises(error):
        anaconda_auth_token()


@pytest.mark.parametrize("error", [OSError, MemoryError, RecursionError, RuntimeError])
def test_no_failure_passes(monkeypatch, capsys, error):
    """Any other failure leaves the token out; its text may quote the key and is not told."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")

    def failing(*arguments):
        raise error(api_key())

    monkeypatch.setattr(anaconda_cloud, "read_text", failing)
    assert None is anaconda_auth_token()
    said = capsys.readouterr().err
    assert (True, False) == (error.__name__ in said, api_key() in said)


@pytest.mark.parametrize("key", [api_key(), api_key(exp=1), api_key("somebody"), "s3cret"])
def test_explanations_tell_neither_key_nor_user(home, monkeypatch, capsys, key):
    """What is said on request can be pasted into a bug report."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")
    monkeypatch.setenv("ANACONDA_AUTH_API_KEY", key)
    write_keyring(home, key)
    anaconda_auth_token()
    said = capsys.readouterr().err
    secrets = [USER, TOKEN, "somebody", "s3cret", *key.split(".")]
    assert [] == [secret for secret in secrets if secret in said]


def test_token_needs_neither_ssl_nor_ctypes(home):
    """Some builds of Python lack them."""
    write_keyring(home, api_key())
    code = "sys.modules.update(ssl=None, _ssl=None, ctypes=None, _ctypes=None)"
    assert TOKEN == run(home, code + "\n" + textwrap.dedent(PRINT_TOKEN))


# The settings


@pytest.mark.usefixtures("toml")
def test_key_in_the_settings_is_read(home):
    """The library takes a key in config.toml for one in the variable."""
    write_config(home, f"[plugin.auth]\napi_key = '{api_key()}'  # mine\n")
    write_keyring(home, api_key(OTHER_USER))
    assert TOKEN == anaconda_auth_token()


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
def test_domain_in_the_settings_is_looked_for(home, text):
    """It names the entry of the keyring."""
    write_config(home, text)
    write_keyring(home, api_key(), "example.com")
    assert TOKEN == anaconda_auth_token()


@pytest.mark.parametrize("prefix", ["ANACONDA_AUTH_", "ANACONDA_CLOUD_"])
def test_domain_in_a_variable_is_looked_for(home, monkeypatch, prefix):
    """By its present and by its older name."""
    monkeypatch.setenv(prefix + "DOMAIN", "example.com")
    write_keyring(home, api_key(), "example.com")
    assert TOKEN == anaconda_auth_token()


@pytest.mark.usefixtures("toml")
def test_keyring_file_may_lie_elsewhere(home, monkeypatch):
    """Variables and ~ in its name are filled in."""
    monkeypatch.setenv("WHERE", "elsewhere")
    write_config(home, '[plugin.auth]\nkeyring_path = "~/$WHERE/ring"\n')
    write_keyring(home, api_key(), path="elsewhere/ring")
    assert TOKEN == anaconda_auth_token()


def test_settings_may_lie_elsewhere(home, monkeypatch):
    """ANACONDA_CONFIG_TOML names their file."""
    file = write_config(home, f'[plugin.auth]\napi_key = "{api_key()}"\n')
    file = file.rename(home / "other.toml")
    monkeypatch.setenv("ANACONDA_CONFIG_TOML", "~/other.toml")
    assert TOKEN == anaconda_auth_token()


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
def test_unusable_settings_do_not_hide_the_login(home, text):
    """What can't be read has its default."""
    write_config(home, text)
    write_keyring(home, api_key())
    assert TOKEN == anaconda_auth_token()


def test_unusable_choice_of_a_site_does_not_hide_other_settings(home, monkeypatch):
    """Those in variables for example."""
    write_config(home, "default_site = [1]\n[sites.a]\n")
    file = write_keyring(home, api_key(), path="elsewhere/ring")
    monkeypatch.setenv("ANACONDA_AUTH_KEYRING_PATH", str(file))
    assert TOKEN == anaconda_auth_token()


def test_overlong_key_of_toml_takes_no_time(home):
    """The whole language's parser would take 16 seconds for this one."""
    write_config(home, "a." * 32000 + "a = 1")
    start = time.perf_counter()
    anaconda_auth_token()
    assert time.perf_counter() - start < 2


@given(st.text(alphabet="[]ab.'\"=# \n\\\u00e9", max_size=200))
def test_scan_of_any_text_gives_tables_or_fails_quietly(text):
    """No settings raise, whatever lies in the file."""
    assert isinstance(
        anaconda_cloud._attempt(anaconda_settings._scan_toml, text), (dict, type(None))
    )


# The library


@pytest.mark.usefixtures("library")
def test_library_is_not_imported_by_default(home):
    """Neither it nor what makes it slow, with and without a login."""
    code = """
        from anaconda_anon_usage.anaconda_cloud import anaconda_auth_token
        tokens = [anaconda_auth_token()]
        os.rename("keyring", ".anaconda/keyring")
        tokens.append(anaconda_auth_token())
        heavy = {"anaconda_auth", "anaconda_cli_base", "keyring", "pydantic", "jwt"}
        print(*tokens, sorted(heavy & set(sys.modules)))
    """
    write_keyring(home, api_key()).rename(home / "keyring")
    assert f"None {TOKEN} []" == run(home, code)


@pytest.mark.usefixtures("library")
def test_login_saved_by_the_library_is_read_from_its_file(home):
    """The real anaconda-auth writes, and the file is read without it."""
    save = f"""
        from anaconda_auth.token import TokenInfo
        TokenInfo(api_key="{api_key()}", username="me").save()
    """
    run(home, save)
    assert (True, TOKEN) == ((home / ".anaconda/keyring").stat().st_size > 0, anaconda_auth_token())


def test_login_in_the_systems_keyring_is_read_through_the_library(home, system_keyring):
    """The real anaconda-auth writes to it and is imported to read from it."""
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
    """By either name of the table; what the library prints of the older one is not seen."""
    write_config(home, f'[{table}]\npreferred_token_storage = "system"\n')
    save_to_system(home, api_key())
    # Without PYTHON_KEYRING_BACKEND the library itself reads the settings.
    assert TOKEN == run(home, "import system_keyring\n" + textwrap.dedent(PRINT_TOKEN))


def test_systems_keyring_is_left_alone_unless_chosen(home, system_keyring):
    """Even where Python's keyring is set to it."""
    save_to_system(home, api_key())
    assert "None" == run(home, PRINT_TOKEN, **system_keyring)


def test_systems_keyring_comes_before_a_file_from_before_it_was_chosen(home, system_keyring):
    """The file's login may be another user's."""
    write_keyring(home, api_key(OTHER_USER))
    save_to_system(home, api_key())
    assert TOKEN == run(home, PRINT_TOKEN, **SYSTEM, **system_keyring)


def test_older_login_in_the_systems_keyring_is_read_and_not_moved(home, system_keyring):
    """The library itself would rewrite it."""
    save_to_system(home, api_key(), "anaconda.cloud")
    before = (home / "system-keyring.json").read_bytes()
    assert TOKEN == run(home, PRINT_TOKEN, **SYSTEM, **system_keyring)
    assert before == (home / "system-keyring.json").read_bytes()


@pytest.mark.usefixtures("library")
def test_file_is_read_where_there_is_no_systems_keyring(home):
    """The library falls back to it too, on a server for example."""
    write_keyring(home, api_key())
    assert TOKEN == run(home, PRINT_TOKEN, **SYSTEM)


def test_file_is_read_where_the_library_is_not_installed(home, monkeypatch):
    """The choice of the system's keyring needs the library, so all else is tried."""
    monkeypatch.setitem(sys.modules, "anaconda_auth", None)
    monkeypatch.setenv("ANACONDA_AUTH_PREFERRED_TOKEN_STORAGE", "system")
    write_keyring(home, api_key())
    assert TOKEN == anaconda_auth_token()


@pytest.mark.parametrize("failure", ["raise RuntimeError('locked')", "return 17", "return 'x'"])
def test_failing_systems_keyring_gives_no_token(home, system_keyring, failure):
    """A locked or broken one is no reason for a command to fail."""
    module = home / "modules" / "system_keyring.py"
    text = module.read_text()
    module.write_text(text.replace("return self._read().get(service, {}).get(username)", failure))
    assert "None" == run(home, PRINT_TOKEN, **SYSTEM, **system_keyring)


@pytest.mark.usefixtures("system_keyring")
def test_systems_keyring_is_found_among_others_and_navigator_is_not_asked(home):
    """Asking Navigator would renew its login over the network and ask us in turn."""
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
def test_settings_are_those_of_the_library(home, monkeypatch, text, variables):
    """The real anaconda-auth decides in the same way between the places of a setting."""
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
    settings = anaconda_settings.load()
    ours = [
        anaconda_cloud._domains(settings)[0],
        settings.get("preferred_token_storage", "anaconda-keyring"),
        settings.get("api_key"),
    ]
    assert theirs == ours
