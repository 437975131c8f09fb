"""Each format, with lines as the servers write them."""

from __future__ import annotations

import pytest

from anaconda_anon_usage_report.reading import FORMATS, SKIP_REASONS
from anaconda_anon_usage_report.reading.formats import Parts, detect, parse_line

CONDA = (
    "conda/24.7.1 requests/2.34.2 CPython/3.11.7 Linux/6.1.0-18-amd64 debian/12.11 glibc/2.36"
    " aau/0.9.0 c/UJngfYjkhNCv0HPEitrFWA s/QbCqO9cvBJKxZoy3Aqy3IQ e/HDfhBoBzq-fiMJfah4DysQ"
)
TIME = 1796000751  # 2026-11-30 01:05:51 UTC
NUMPY = "/conda-forge/linux-64/numpy-1.26.4-py312hc5e2394_0.conda"
DOWNLOAD = Parts(TIME, "GET", NUMPY, 200, 12345, CONDA)

NGINX = f'192.0.2.7 - - [30/Nov/2026:02:05:51 +0100] "GET {NUMPY} HTTP/1.1" 200 12345 "-" "{CONDA}"'
OWN_JSON = (
    '{"time":"2026-11-30T02:05:51+01:00","method":"HEAD",'
    '"path":"/main/noarch/activate-0.0.0-0.conda","status":404,"bytes":0,'
    f'"user_agent":"{CONDA}"}}'
)
CADDY = (
    '{"level":"info","ts":1796000751.1064715,"logger":"http.log.access.log0",'
    '"msg":"handled request","request":{"remote_ip":"192.0.2.7","remote_port":"40190",'
    '"client_ip":"192.0.2.7","proto":"HTTP/2.0","method":"GET","host":"conda.example.org",'
    f'"uri":"{NUMPY}","headers":{{"User-Agent":["{CONDA}"],"Accept":["*/*"]}}}},"bytes_read":0,'
    '"user_id":"","duration":0.001,"size":12345,"status":200,'
    '"resp_headers":{"Server":["Caddy"]}}'
)
TRAEFIK = (
    '{"ClientAddr":"192.0.2.7:52654","ClientHost":"192.0.2.7","ClientPort":"52654",'
    '"ClientUsername":"-","DownstreamContentSize":12345,"DownstreamStatus":200,'
    '"Duration":3454189,"OriginContentSize":12345,"OriginDuration":3427197,"OriginStatus":200,'
    '"Overhead":26992,"RequestAddr":"conda.example.org","RequestContentSize":0,'
    '"RequestCount":5,"RequestHost":"conda.example.org","RequestMethod":"GET",'
    f'"RequestPath":"{NUMPY}","RequestPort":"-","RequestProtocol":"HTTP/2.0",'
    '"RequestScheme":"https","RetryAttempts":0,"RouterName":"conda@docker",'
    '"ServiceAddr":"10.0.1.8:8000","ServiceName":"conda@docker",'
    '"ServiceURL":"http://10.0.1.8:8000","StartLocal":"2026-11-30T02:05:51.189830187+01:00",'
    '"StartUTC":"2026-11-30T01:05:51.189830187Z","TLSCipher":"TLS_AES_128_GCM_SHA256",'
    '"TLSVersion":"1.3","entryPointName":"https","level":"info","msg":"",'
    f'"request_User-Agent":"{CONDA}","time":"2026-11-30T02:05:51+01:00"}}'
)
ARTIFACTORY = (
    "2026-11-30T01:05:51.902Z|d5d75b3c41242768|192.0.2.7|anonymous|GET|/api/conda"
    f"{NUMPY}|200|-1|12345|6|{CONDA}"
)
NEXUS = (
    f'192.0.2.7 - anonymous [30/Nov/2026:01:05:51 +0000] "GET /repository{NUMPY} HTTP/1.1" 200 -'
    f' 12345 285 "{CONDA}" [qtp1085283394-921]'
)
SAMPLES = {
    "combined": NGINX,
    "nginx-json": OWN_JSON,
    "caddy": CADDY,
    "traefik": TRAEFIK,
    "artifactory": ARTIFACTORY,
    "nexus": NEXUS,
}


def parse(format, line):
    """Return the parts of a line of text."""
    return parse_line(line.encode().decode("latin-1"), FORMATS[format])


@pytest.mark.parametrize("format", FORMATS)
def test_the_first_lines_decide_the_format(format):
    assert format == detect(["", "noise", SAMPLES[format]])
    assert format == detect(["\0" * 9 + SAMPLES[format] + "\r"])


def test_lines_without_a_format_are_not_detected():
    assert detect(["", "noise", "{}", "[error] 1234#0: *5 open() failed"]) is None


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(NGINX, id="nginx"),
        pytest.param(NGINX + ' "198.51.100.1, 10.0.0.1"', id="nginx main"),
        pytest.param(NGINX + " 0.003 0.002 - .", id="more fields"),
        pytest.param("conda.example.org:443 " + NGINX, id="Apache vhost_combined"),
        pytest.param(NGINX.replace("192.0.2.7", "2001:db8::7"), id="IPv6"),
        pytest.param(NGINX.replace("- - [", "- John Q. Public [", 1), id="user with spaces"),
        pytest.param(NGINX.replace("- - [", "- [x] y [", 1), id="user with brackets"),
        pytest.param(NGINX.replace("- - [", '- a\\" b [', 1), id="user with a quotation mark"),
        pytest.param(NGINX.replace('"-"', '"https://example.org/?q=\\"x\\""'), id="referer"),
        pytest.param(NGINX + "\r", id="CRLF"),
        pytest.param("\0" * 5000 + NGINX, id="NULs of copytruncate"),
        pytest.param(NGINX + ' 5 "conda@docker" "http://10.0.1.8:8000" 3ms', id="Traefik"),
    ],
)
def test_combined_format(line):
    assert parse("combined", line) == DOWNLOAD


@pytest.mark.parametrize(
    ("escaped", "agent"),
    [
        (r"pip/26.0 {\x22ci\x22:null}", 'pip/26.0 {"ci":null}'),
        (r"pip/26.0 {\"ci\":null}", 'pip/26.0 {"ci":null}'),
        (r"back\x5Cslash", "back\\slash"),
        (r"back\\slash\\", "back\\slash\\"),
        (r"tab\tend", "tab\tend"),
        (r"caf\xC3\xA9", "café"),
        ("café", "café"),
        (r"\xFF", "�"),
    ],
)
def test_escapes_of_nginx_and_apache(escaped, agent):
    line = NGINX.replace(CONDA, escaped)
    assert parse("combined", line) == DOWNLOAD._replace(user_agent=agent)


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("30/Nov/2026:01:05:51 +0000", TIME),
        ("29/Nov/2026:20:05:51 -0500", TIME),
        ("30/Nov/2026:06:35:51 +0530", TIME),
        ("25/Oct/2026:02:30:00 +0200", 1792888200),  # daylight saving, the hour that repeats
        ("25/Oct/2026:02:30:00 +0100", 1792891800),
        ("29/Feb/2024:23:59:59 +0000", 1709251199),
        ("31/Dec/2016:23:59:60 +0000", 1483228800),  # leap second
    ],
)
def test_offsets_are_converted_to_utc(stamp, time):
    line = NGINX.replace("30/Nov/2026:02:05:51 +0100", stamp)
    assert parse("combined", line) == DOWNLOAD._replace(time=time)


def test_a_request_that_sent_no_body_has_no_bytes():
    assert parse("combined", NGINX.replace("12345", "-")) == DOWNLOAD._replace(bytes=None)


HEARTBEAT = Parts(TIME, "HEAD", "/main/noarch/activate-0.0.0-0.conda", 404, 0, CONDA)


@pytest.mark.parametrize(
    "time", ['"2026-11-30T01:05:51Z"', '"2026-11-30T02:05:51.9+01:00"', "1796000751.345"]
)
def test_own_json(time):
    line = OWN_JSON.replace('"2026-11-30T02:05:51+01:00"', time)
    assert parse("nginx-json", line) == HEARTBEAT


def test_own_json_can_lack_bytes_and_have_more_fields():
    line = OWN_JSON.replace('"bytes":0', '"request_time":0.001')
    assert parse("nginx-json", line) == HEARTBEAT._replace(bytes=None)


def test_caddy():
    assert parse("caddy", CADDY) == DOWNLOAD


def test_messages_of_caddy_are_not_requests():
    line = '{"level":"info","ts":1796000751.1,"logger":"tls","msg":"cleaning storage unit"}'
    assert parse("caddy", line) == "message that is not a request"


@pytest.mark.parametrize("headers", ["null", "{}", '{"User-Agent":[]}', '{"User-Agent":[null]}'])
def test_a_request_without_user_agent_in_caddy(headers):
    start, _, rest = CADDY.partition('{"User-Agent"')
    line = start + headers + rest.partition('["*/*"]}')[2]
    assert parse("caddy", line) == DOWNLOAD._replace(user_agent="")


def test_traefik():
    assert parse("traefik", TRAEFIK) == DOWNLOAD


def test_artifactory_logs_paths_without_its_context():
    target = "/artifactory/api/conda" + NUMPY
    assert parse("artifactory", ARTIFACTORY) == DOWNLOAD._replace(target=target)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("|12345|", "|-1|", {"bytes": None}),
        ("|anonymous|", "|a|b|", {}),
        (CONDA, "a|b", {"user_agent": "a|b"}),
        ("01:05:51.902Z", "02:05:51.902+01:00", {}),
    ],
)
def test_variants_of_artifactory(old, new, changed):
    target = "/artifactory/api/conda" + NUMPY
    expected = DOWNLOAD._replace(target=target)._replace(**changed)
    assert parse("artifactory", ARTIFACTORY.replace(old, new)) == expected


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("", "", {}),
        (" - 12345", " 12345", {}),  # Nexus 2
        (" [qtp1085283394-921]", "", {}),
        (CONDA, 'pip/26.0 {"ci":null,"x":"1"}', {"user_agent": 'pip/26.0 {"ci":null,"x":"1"}'}),
        (CONDA, r"back\x5Cslash", {"user_agent": r"back\x5Cslash"}),
        (NUMPY, '/a"b c', {"target": '/repository/a"b c'}),
    ],
)
def test_nexus(old, new, changed):
    expected = DOWNLOAD._replace(target="/repository" + NUMPY)._replace(**changed)
    assert parse("nexus", NEXUS.replace(old, new) if old else NEXUS) == expected


@pytest.mark.parametrize(
    ("format", "line", "reason"),
    [
        ("combined", "", "empty line"),
        ("combined", "\0\0\0", "empty line"),
        ("combined", "\r", "empty line"),
        ("combined", "x" * (1 << 20) + "x", "line too long"),
        ("combined", "noise", "not in the log's format"),
        ("combined", NGINX[:-1], "not in the log's format"),
        ("combined", NGINX.replace("30/Nov", "31/Nov"), "invalid time"),
        ("combined", NGINX.replace("02:05:51", "24:05:51"), "invalid time"),
        ("combined", NGINX.replace("Nov", "Nôv"), "invalid time"),
        ("combined", NGINX.replace(f"GET {NUMPY} HTTP/1.1", r"\x16\x03"), "invalid request line"),
        ("combined", NGINX.replace(f"GET {NUMPY} HTTP/1.1", "-"), "invalid request line"),
        ("combined", NGINX.replace("GET /", "get /"), "invalid request line"),
        ("nginx-json", OWN_JSON[:-1], "not in the log's format"),
        ("nginx-json", "[" * 100_000, "not in the log's format"),
        ("nginx-json", "[1]", "not in the log's format"),
        ("nginx-json", OWN_JSON.replace("404", '"404"'), "not in the log's format"),
        ("nginx-json", OWN_JSON.replace("404", "true"), "not in the log's format"),
        ("nginx-json", OWN_JSON.replace("404", "9" * 5000), "not in the log's format"),
        ("nginx-json", OWN_JSON.replace("+01:00", ""), "invalid time"),
        ("nginx-json", OWN_JSON.replace('"2026-11-30T02:05:51+01:00"', "NaN"), "invalid time"),
        ("nginx-json", OWN_JSON.replace('"HEAD"', "null"), "invalid request line"),
        ("nginx-json", OWN_JSON.replace("HEAD", "head"), "invalid request line"),
        ("caddy", CADDY.replace("1796000751.1064715", "-1"), "invalid time"),
        ("traefik", TRAEFIK.replace('"GET"', "[]"), "invalid request line"),
        ("artifactory", ARTIFACTORY.replace("|200|", "|x|"), "not in the log's format"),
        ("artifactory", ARTIFACTORY.replace("11-30", "13-30"), "invalid time"),
        ("nexus", NGINX, "not in the log's format"),
        ("nexus", NEXUS.replace("GET /", "/"), "invalid request line"),
    ],
)
def test_reasons_for_skipping_a_line(format, line, reason):
    assert parse(format, line) == reason
    assert reason in SKIP_REASONS


def test_lone_surrogates_in_json_are_replaced():
    line = OWN_JSON.replace(CONDA, "a\\ud800b")
    assert parse("nginx-json", line) == HEARTBEAT._replace(user_agent="a?b")
