"""What requests were for: kinds, packages and channels."""

from __future__ import annotations

import pytest

from anaconda_anon_usage_report.reading import Options
from anaconda_anon_usage_report.reading.requests import Request, classify, package

PACKAGE = "numpy-1.26.4-py312_0.conda"


def kind(method, target, status, **options):
    """Return the kind of a request."""
    return classify(method, target, status, None, Options(**options)).kind


def channel(path, **options):
    """Return the channel of a download below a path."""
    target = f"{path}/linux-64/{PACKAGE}"
    return classify("GET", target, 200, None, Options(**options)).channel


def test_all_columns_of_a_download():
    assert Request(
        kind="download",
        method="GET",
        status=200,
        bytes=12345,
        channel="conda-forge",
        subdir="linux-64",
        file=PACKAGE,
        project="numpy",
        version="1.26.4",
        build="py312_0",
        cpu="x86_64",
    ) == classify("GET", f"/conda-forge/linux-64/{PACKAGE}", 200, 12345, Options())


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("numpy-1.26.4-py312_0.conda", ("numpy", "1.26.4", "py312_0")),
        ("scikit-learn-1.2.2-py310_1.tar.bz2", ("scikit-learn", "1.2.2", "py310_1")),
        ("jpeg-9!e-0.conda", ("jpeg", "9!e", "0")),
        ("_libgcc_mutex-0.1-main.conda", ("_libgcc_mutex", "0.1", "main")),
        ("numpy-1.26.4.conda", None),
        ("-1-0.conda", None),
        ("a--0.conda", None),
        ("a-1-.conda", None),
        ("a-1-0.tar.gz", None),
        ("a-1-0.conda.part", None),
        (".conda", None),
        ("user:password@a-1-0.conda", None),
        ("a?token=x-1-0.conda", None),
    ],
)
def test_names_that_conda_takes_for_packages(file, expected):
    assert package(file) == expected


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [
        ("GET", 200, "download"),
        ("GET", 206, "download"),
        ("GET", 302, "other"),
        ("GET", 304, "other"),
        ("GET", 404, "other"),
        ("HEAD", 200, "other"),
        ("PUT", 200, "other"),
    ],
)
def test_downloads_by_method_and_status(method, status, expected):
    assert kind(method, f"/main/noarch/{PACKAGE}", status) == expected


@pytest.mark.parametrize(
    ("status", "expected"), [(301, "other"), (302, "download"), (307, "download")]
)
def test_redirects_count_on_request(status, expected):
    assert kind("GET", f"/main/noarch/{PACKAGE}", status, count_redirects=True) == expected


@pytest.mark.parametrize(
    "file",
    [
        "repodata.json",
        "repodata.json.bz2",
        "repodata.json.zst",
        "current_repodata.json",
        "current_repodata.json.zst",
        "repodata_from_packages.json.bz2",
        "repodata.jlap",
        "repodata_shards.msgpack.zst",
        "shards/3f2a9c0b.msgpack.zst",
        "run_exports.json",
        "run_exports.json.zst",
    ],
)
def test_repodata(file):
    request = classify("GET", f"/main/linux-64/{file}?x=1", 304, 5, Options())
    assert request == Request("repodata", "GET", 304, 5, "main", "linux-64")


@pytest.mark.parametrize(
    ("method", "target", "status", "expected"),
    [
        ("HEAD", "/main/noarch/repodata.json", 200, "repodata"),
        ("GET", "/main/noarch/repodata.json", 206, "repodata"),
        ("GET", "/main/noarch/repodata.json", 404, "other"),
        ("POST", "/main/noarch/repodata.json", 200, "other"),
        ("GET", "/main/noarch/repodata.json.gz", 200, "other"),
        ("GET", "/main/noarch/my_repodata.json", 200, "other"),
        ("GET", "/main/noarch/index.html", 200, "other"),
        ("GET", "/", 200, "other"),
        ("GET", "", 200, "other"),
        ("OPTIONS", "*", 200, "other"),
        ("CONNECT", "example.org:443", 405, "other"),
        ("HEAD", "/main/noarch/activate-0.0.0-0.conda", 404, "heartbeat"),
        ("HEAD", "/main/noarch/activate-0.0.0-0.conda?x", 500, "heartbeat"),
        ("HEAD", "/main/linux-64/activate-0.0.0-0.conda", 404, "other"),
        ("GET", "/main/noarch/activate-0.0.0-0.conda", 404, "other"),
        ("HEAD", "/main/noarch/activate-0.0.0-0.tar.bz2", 404, "other"),
    ],
)
def test_other_kinds(method, target, status, expected):
    assert kind(method, target, status) == expected


def test_channeldata_belongs_to_a_channel_without_subdir():
    request = classify("GET", "/conda-forge/channeldata.json", 200, 9, Options())
    assert request == Request("repodata", "GET", 200, 9, "conda-forge")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/hb", "heartbeat"),
        ("/hb?x", "heartbeat"),
        ("/mirror/hb", "heartbeat"),
        ("/hb/x", "other"),
        ("/xhb", "other"),
        ("/main/noarch/activate-0.0.0-0.conda", "heartbeat"),
    ],
)
def test_another_heartbeat_path(target, expected):
    assert kind("HEAD", target, 204, heartbeat_path="/hb") == expected


def test_a_heartbeat_has_a_channel():
    request = classify("HEAD", "/pkgs/main/noarch/activate-0.0.0-0.conda", 404, 0, Options())
    assert request == Request("heartbeat", "HEAD", 404, 0, "pkgs/main", "noarch")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/main", "main"),
        ("/pkgs/r", "pkgs/r"),
        ("/acme/label/dev", "acme/label/dev"),
        ("//acme//label/dev", "acme/label/dev"),
        ("", None),
        ("/caf%C3%A9", "café"),
        ("/caf%FF", "caf�"),
        ("/a%00b", "a�b"),
        ("/100%25", "100%"),
        ("/a%2Fb", "a/b"),
        ("https://conda.example.org/main", "main"),
        # What goes before the channel.
        ("/artifactory/api/conda/conda-forge", "conda-forge"),
        ("/repository/conda-proxy", "conda-proxy"),
        ("/repositoryx/main", "repositoryx/main"),
        # Tokens, which anaconda.org puts behind /t/.
        ("/t/SECRET/main", "main"),
        ("/t/SE%2FCRET/main", "main"),
        ("/%74/SECRET/main", "main"),
        ("/a%2Ft%2FSECRET/main", "a/main"),
        ("//t//SECRET//main", "main"),
        ("/conda/t/SECRET/main/t/SECRET", "conda/main"),
        ("/t/SECRET/repository/main", "main"),
        ("/repository/t/SECRET/main", "main"),
        ("https://user:SECRET@conda.example.org/t/SECRET/main", "main"),
        # Segments that may be secrets.
        ("/" + "a" * 24, "a" * 24),
        ("/" + "a" * 25, "(hidden)"),
        ("/team/" + "a" * 25 + "/x", "team/(hidden)/x"),
        ("/%61" + "a" * 23, "a" * 24),
        ("/user:SECRET@host/x", "(hidden)/x"),
        ("/x%3Ftoken=SECRET", "(hidden)"),
    ],
)
def test_channels(path, expected):
    assert channel(path) == expected


def test_the_query_is_not_part_of_anything():
    target = f"/main/linux-64/{PACKAGE}?/t/SECRET/noarch/{PACKAGE}#x"
    request = classify("GET", target, 200, 5, Options())
    assert ("main", "linux-64", PACKAGE) == (request.channel, request.subdir, request.file)


@pytest.mark.parametrize(
    ("path", "channels", "expected"),
    [
        ("/" + "a" * 25, ("a" * 25,), "a" * 25),
        ("/team/" + "a" * 25, ("a" * 25,), "team/" + "a" * 25),
        ("/team/" + "a" * 25, ("team/" + "a" * 25,), "team/" + "a" * 25),
        ("/team/" + "a" * 25, ("team",), "team/(hidden)"),
    ],
)
def test_long_channels_are_shown_on_request(path, channels, expected):
    assert channel(path, channels=channels) == expected


def test_other_prefixes_can_be_stripped():
    assert channel("/mirror/conda/main", strip_prefix=("/mirror", "mirror/conda/")) == "main"


@pytest.mark.parametrize(
    ("subdir", "cpu"),
    [
        ("linux-64", "x86_64"),
        ("linux-32", "x86"),
        ("osx-arm64", "arm64"),
        ("linux-ppc64le", "ppc64le"),
        ("noarch", None),
    ],
)
def test_processors(subdir, cpu):
    request = classify("GET", f"/main/{subdir}/{PACKAGE}", 200, None, Options())
    assert (request.subdir, request.cpu) == (subdir, cpu)


def test_a_download_outside_a_subdir_has_no_channel():
    request = classify("GET", f"/conda-forge/files/{PACKAGE}", 200, None, Options())
    assert (request.kind, request.channel, request.subdir) == ("download", None, None)
