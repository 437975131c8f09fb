"""conda and this package read the same settings from any files and variables."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

BOOLEANS = st.sampled_from(
    """true True TRUE yes Yes on oN y false no off n none null ~ 0 1 2 0.0 1.5 .inf "0" "1"
    "true" 'no' "" maybe 1e3 "1j" [] [1] {} {a: 1} -1 nan""".split()
    + ["", " 'true '", "5.", '"1.0.0"']
)

URLS = st.sampled_from(
    """https://repo.anaconda.com/pkgs/main https://repo.anaconda.com/pkgs/r
    https://repo.anaconda.com/pkgs/main/linux-64 https://repo.anaconda.com/pkgs
    https://repo.anaconda.com https://repo.anaconda.com/pkgsx/main
    https://repo.anaconda.cloud/repo/main https://repo.anaconda.cloud
    https://user:secret@repo.anaconda.cloud/repo https://repo.anaconda.cloud/t/tk-12/org
    https://REPO.anaconda.cloud/repo http://repo.anaconda.cloud/repo
    https://conda.anaconda.org https://conda.anaconda.org/conda-forge
    https://conda.anaconda.org/conda-forge/noarch https://conda.example.org/mirror
    https://conda.example.org:8443 https://conda.example.org/conda/team
    file:///srv/channel s3://bucket/channel $MIRROR ${MIRROR}/main""".split()
)

NAMES = st.sampled_from(
    """defaults conda-forge main pkgs/main pkgs/main/linux-64 pkgs/pro pkgs/pro/sub local
    team team/sub defaults/noarch multi multi/osx-arm64 ./here /srv/channel ~/channel None
    conda-forge/label/dev""".split()
)

CHANNELS = st.one_of(NAMES, URLS)


def lists(part):
    """Return a strategy for a list in YAML, or something invalid."""
    items = st.lists(part, max_size=3).map(lambda found: f"[{', '.join(map(repr, found))}]")
    return st.one_of(
        items, items, items, st.sampled_from(["~", "defaults", "1", "[~, 1]", "[[a]]"])
    )


def maps(key, part, broken=("~", "text", "[a]", "{a: {b: c}}")):
    """Return a strategy for a map in YAML, or something invalid."""
    items = st.dictionaries(key, part, max_size=2).map(
        lambda found: "{" + ", ".join(f"{k!r}: {v}" for k, v in found.items()) + "}"
    )
    return st.one_of(items, items, items, st.sampled_from(broken))


SETTINGS = {
    "anaconda_anon_usage": BOOLEANS,
    "anaconda_heartbeat": st.one_of(BOOLEANS, st.sampled_from(["ftp://x", "http://h/p", "https://h:8443/"])),
    "offline": BOOLEANS,
    "ssl_verify": st.sampled_from(["true", "no", "truststore", "/nowhere", "$CERTS", "0", "~", "[]"]),
    "verify_ssl": st.sampled_from(["false", "/"]),
    "client_ssl_cert": st.sampled_from(["/a.pem", "$CERTS/b", "~", "none", "true", "' x '", "[]"]),
    "client_cert": st.just("/c.pem"),
    "client_ssl_cert_key": st.sampled_from(["/a.key", "None", "1"]),
    "proxy_servers": maps(
        st.sampled_from(["http", "https", "https://repo.anaconda.com"]),
        st.sampled_from(["'http://p:1'", "'http://u:p@p:2'", "$MIRROR", "~", "none", "1"]),
    ),
    "channels": lists(CHANNELS),
    "channel": lists(CHANNELS),
    "channel_alias": st.one_of(URLS, st.sampled_from(["no.scheme", "''", "https://u:p@repo.anaconda.cloud/t/tk/x"])),
    "default_channels": lists(CHANNELS),
    "custom_channels": maps(st.sampled_from(["team", "multi", "pkgs/main"]), URLS.map(repr)),
    "custom_multichannels": maps(
        st.sampled_from(["multi", "defaults", "team"]), lists(CHANNELS), broken=["~", "[a]", "x"]
    ),
    "migrated_channel_aliases": lists(URLS),
    "migrated_custom_channels": maps(st.sampled_from(["team", "main"]), URLS.map(repr)),
    "envs_dirs": lists(st.sampled_from(["/srv/envs", "~/envs", "$MIRROR/x", "/srv/envs/"])),
    "envs_path": st.just("[/old]"),
}  # fmt: skip

COMMENTS = st.sampled_from(
    ["", "", "", "", " #!final", " # !final", " #! final", " #final", "  # why", " #!final # why", "#!final",
     " #!final\n# the next line", "\n\n# below"]
)  # fmt: skip

FILES = (
    "base/.condarc",
    "base/condarc",
    "base/condarc.d/b.yml",
    "base/condarc.d/a.yaml",
    "base/condarc.d/ignored.txt",
    "home/.config/conda/.condarc",
    "xdg/conda/condarc.d/x.yml",
    "home/.conda/condarc",
    "home/.condarc",
    "env/.condarc",
    "env/condarc.d/e.yml",
    "named/condarc",
    "named/other.yml",
    "named/ignored.cfg",
)


@st.composite
def condarc_texts(draw) -> str:
    """Draw the text of one configuration file."""
    names = draw(st.lists(st.sampled_from(list(SETTINGS)), max_size=5, unique=True))
    lines = [f"{name}: {draw(SETTINGS[name])}{draw(COMMENTS)}\n" for name in names]
    return "".join(lines) + draw(ADVANCED)


#: Anchors, aliases and merge keys that conda accepts.
ADVANCED = st.sampled_from(
    [""] * 12
    + [
        "<<: {anaconda_heartbeat: true}\n",
        "own: &own {anaconda_anon_usage: off, channels: [team]}\n<<: *own\n",
        "<<: [{anaconda_heartbeat: no}, {anaconda_heartbeat: yes, offline: true}]\n",
        "other: &other true #!final\nuser_agent: *other\n",
        "<<: {proxy_servers: {http: 'http://p'}} #!final\n",
    ]
)

#: Files that conda ignores or fails on.
BROKEN = (
    "\t",
    "a: [",
    "- list",
    "text",
    "a: b: c",
    "%",
    "channels: [a]\nchannels: [b]\n",
    "anaconda_heartbeat: [\n",
    "anaconda_heartbeat: true\n\t#\n",
    "anaconda_anon_usage: true\nanaconda_anon_usage: true\n",
    "anaconda_heartbeat: !own true\n",
    "anaconda_heartbeat: 2001-01-01\n",
    "<<: *unknown\nanaconda_anon_usage: true\n",
    "own: &own {<<: *own, anaconda_heartbeat: true}\n",
    "- anaconda_anon_usage\n",
    'a: "\\x"\n',
    "anaconda_heartbeat: \x01\n",
)

#: The equivalent of an unreadable file that may contain one of our settings.
OPT_OUT = "anaconda_anon_usage: false #!final\nanaconda_heartbeat: false #!final\n"


def counts_as(text: str) -> str:
    """Return readable content that has the same effect as a file's content."""
    if text not in BROKEN:
        return text
    return OPT_OUT if "\\" in text or "anaconda_" in text else ""


VARIABLES = {
    "anaconda_anon_usage": ["off", "1", "0", "maybe", "", "false!important", "YES"],
    "anaconda_heartbeat": ["true", "0", "7", "http://h/p", "no!important", "ftp://x", ""],
    "offline": ["1", "0", "x", "off"],
    "ssl_verify": ["false", "/", "<system>"],
    "verify_ssl": ["1"],
    "client_ssl_cert": ["/v.pem", "none"],
    "channels": ["defaults,team", "", "https://repo.anaconda.cloud/repo, "],
    "channel_alias": ["https://conda.example.org", "nope"],
    "default_channels": ["https://repo.anaconda.cloud/x"],
    "proxy_servers": ["http://p"],
    "envs_dirs": ["/one:/two", ""],
    "envs_path": ["/three"],
}


@st.composite
def situations(draw) -> dict:
    """Draw files, with paths and contents, and variables."""
    files = draw(
        st.dictionaries(
            st.sampled_from(FILES),
            condarc_texts() | condarc_texts() | st.sampled_from([*BROKEN, "", "# nothing\n"]),
            max_size=5,
        )
    )
    names = draw(st.lists(st.sampled_from(list(VARIABLES)), max_size=2, unique=True))
    variables = {f"CONDA_{n.upper()}": draw(st.sampled_from(VARIABLES[n])) for n in names}
    if draw(st.integers(0, 4)) == 0:
        for name in draw(st.permutations(["HEARTBEAT", "heartbeat", "Heartbeat"])):
            value = draw(st.sampled_from(VARIABLES["anaconda_heartbeat"]))
            variables[f"CONDA_anaconda_{name}"] = value
    for name, values in (
        ("CONDARC", ["named", "named/condarc", "named/other.yml", "named/ignored.cfg"]),
        ("XDG_CONFIG_HOME", ["xdg", "home/.config"]),
        ("CONDA_ROOT", ["named", "base", "base", "base"]),
    ):
        if draw(st.booleans()):
            variables[name] = draw(st.sampled_from(values))
    if draw(st.integers(0, 9)) == 0:
        variables["DO_NOT_TRACK"] = draw(st.sampled_from(["1", "0", "false", "yes", ""]))
    return {"files": files, "variables": variables}


@settings(
    max_examples=1000,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.filter_too_much,
        HealthCheck.too_slow,
    ],
)
@given(situation=situations())
def test_conda_and_the_package_read_the_same_settings(answerer, situation):
    """A file that conda ignores or fails on counts as one with both opt-outs, locked."""
    actual = answerer.ask(situation, "files")["files"]
    files = {name: counts_as(text) for name, text in situation["files"].items()}
    expected = answerer.ask({**situation, "files": files}, "conda")["conda"]
    assume(expected is not None)
    broken = {str(answerer.path(n)) for n, text in situation["files"].items() if text in BROKEN}
    assert set() == set(actual.pop("unreadable")) - broken
    assert [] == expected.pop("unreadable")
    if actual["ssl_verify"] == "truststore" and "ssl_verify" in expected["wrong"]:
        actual["wrong"] = sorted({*actual["wrong"], "ssl_verify"})  # conda before 23.9
    # conda checks channel settings only when it needs them, this package always.
    if "channels" in actual["wrong"]:
        expected["wrong"] = sorted({*expected["wrong"], "channels"})
    # The value of an invalid setting is not used.
    for name in actual["wrong"]:
        for answer in (expected, actual):
            answer["repositories" if name == "channels" else name] = None
    assert expected == actual
