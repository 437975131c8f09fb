"""Bytes that logs should not contain: each line is a request or is skipped, and none is lost."""

from __future__ import annotations

import gzip

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anaconda_anon_usage_report.reading import FORMATS, SKIP_REASONS, Options, Skip, read
from anaconda_anon_usage_report.reading.blocks import BlockParser
from anaconda_anon_usage_report.reading.formats import LONGEST_LINE, parse_line
from anaconda_anon_usage_report.reading.requests import classify
from anaconda_anon_usage_report.reading.sources import BLOCK, cut
from anaconda_anon_usage_report.reading.user_agent import parse
from anaconda_anon_usage_report.schema import IDS, REQUESTS

AGENT = b"conda/24.7.1 requests/2.34.2 aau/0.9.0 c/UJngfYjkhNCv0HPEitrFWA s/x"
FILE = b"/main/noarch/a-1-0.conda"
LINE = b'192.0.2.7 - - [30/Nov/2026:02:05:51 +0000] "GET %s HTTP/1.1" 200 5 "-" "%s"' % (
    FILE,
    AGENT,
)
#: A line each, and the reason why it is skipped. All have the secrets that must not be shown.
SECRET = b'192.0.2.7 - alice [30/Nov/2026:02:05:51 +0000] "GET /t/SECRET/%s?key=SECRET HTTP/1.1" '
NASTY = [
    (LINE, None),
    (LINE + b"\r", None),
    (b"\0" * 3 + LINE, None),
    (LINE.replace(b"- - [", b"- \xff\xfe [", 1), None),
    (LINE.replace(b"- - [", b"- a\rb [", 1), None),
    (LINE.replace(AGENT, AGENT + b" \xff \0 \x1b[31m"), None),
    (LINE.replace(FILE, b"/\xc3\x28/noarch/a-1-0.conda"), None),
    (LINE.replace(FILE, b"/" + b"a/" * 5000), None),
    (LINE + b' "' + b"x" * 100_000 + b'"', None),
    (SECRET % b"main/noarch/a-1-0.conda" + b'200 5 "http://u:SECRET@x/" "%s"' % AGENT, None),
    (SECRET % b"" + b'200 5 "http://u:SECRET@x/" "SECRET', "not in the log's format"),
    (SECRET % b"" + b"200 5", "not in the log's format"),
    (LINE.replace(b"02:05:51", b"02:65:51").replace(AGENT, b"SECRET"), "invalid time"),
    (LINE.replace(b"GET ", b"\\x16\\x03 SECRET"), "invalid request line"),
    (LINE + LINE, "not in the log's format"),
    (b"", "empty line"),
    (b"\r", "empty line"),
    (b"\0\0", "empty line"),
    (b"\xff" * 1000, "not in the log's format"),
    (b'"' * 1000, "not in the log's format"),
    (b"[" * 20_000, "not in the log's format"),
    (b"\\" * 1000, "not in the log's format"),
    (b"x" * 10_000_000, "line too long"),
    (LINE + b"x" * LONGEST_LINE, "line too long"),
    (b"\0" * 3_000_000 + LINE, None),
]


def check(path, lines, encoded=False):
    """Read a log and compare the rows and the skipped lines with what is expected."""
    reading = read([str(path)])
    batches = list(reading.batches(encoded=encoded))
    skips = [
        Skip(str(path), number, reason) for number, (_, reason) in enumerate(lines, 1) if reason
    ]
    assert skips == reading.skipped
    assert reading.lines_skipped == len(skips)
    assert len(lines) == reading.lines_read == reading.requests + reading.lines_skipped
    assert sum(map(len, batches)) == reading.requests
    assert {reason for _, _, reason in reading.skipped} <= set(SKIP_REASONS)
    text = "".join(map(str, (batch.slice(0, 100).to_pylist() for batch in batches))) + str(
        reading.skipped
    )
    for secret in ("SECRET", "192.0.2", "alice"):
        assert secret not in text


def test_each_nasty_line_alone_between_good_ones(tmp_path):
    path = tmp_path / "access.log"
    for nasty in NASTY:
        lines = [(LINE, None), nasty, (LINE, None)]
        path.write_bytes(b"".join(line + b"\n" for line, _ in lines))
        check(path, lines)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("end", [b"\n", b""])
def test_all_nasty_lines(tmp_path, compress, end):
    path = tmp_path / "access.log"
    path.write_bytes(compress(b"\n".join(line for line, _ in NASTY) + end))
    check(path, NASTY)


def test_nasty_lines_in_every_block(tmp_path):
    path = tmp_path / "access.log"
    lines = [*NASTY, *[(LINE, None)] * (BLOCK // len(LINE) // 2)] * 3
    path.write_bytes(b"".join(line + b"\n" for line, _ in lines))
    check(path, lines, encoded=True)


def test_only_the_first_skipped_lines_are_told(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes((LINE + b"\n") + b"noise\n" * 1500 + (LINE + b"\n"))
    reading = read([str(path)])
    list(reading.batches())
    assert (reading.lines_read, reading.lines_skipped) == (1502, 1500)
    assert [skip.line for skip in reading.skipped] == list(range(2, 1002))


def test_batches_have_the_schema_and_a_limited_size(tmp_path):
    path = tmp_path / "access.log"
    line = b'- - - [30/Nov/2026:02:05:51 +0000] "GET / HTTP/1.1" 200 5 "-" "-"\n'
    path.write_bytes(LINE + b"\n" + line * 250_000)
    reading = read([str(path)])
    batches = list(reading.batches())
    assert 250_001 == sum(map(len, batches))
    assert {REQUESTS} == {batch.schema for batch in batches}
    assert max(map(len, batches)) <= 100_000


@given(st.binary(max_size=300), st.lists(st.integers(1, 50)))
def test_cutting_reads_to_blocks_loses_no_byte(data, sizes):
    reads, rest = [], data
    for size in sizes:
        reads.append(rest[:size])
        rest = rest[size:]
    blocks = list(cut([*reads, rest]))
    assert all(block.endswith(b"\n") for block in blocks[:-1])
    # Only NULs at the start of lines may be missing, and with them a last line of NULs.
    expected = [line.lstrip(b"\0") for line in data.split(b"\n")]
    assert expected == [line.lstrip(b"\0") for line in b"".join(blocks).split(b"\n")]


STAMPS = st.sampled_from(
    [
        *(f"{day}/Nov/2026:{hour}:05:51 +0100" for day in ("01", "30") for hour in ("00", "23")),
        *("31/Nov/2026:02:05:51 +0000", "30/Nov/2026:24:05:51 +0000"),
        *(
            "30/Nov/2026:02:05:6x +0000",
            "30/Nov/2026:02:05:60 -0330",
            "x",
            "01/Jan/1970:00:00:00 +0100",
        ),
    ]
).map(lambda stamp: f"[{stamp}]")
REQUEST_LINES = st.sampled_from(
    [
        *(
            "GET /main/noarch/a-1-0.conda HTTP/1.1",
            "HEAD /main/noarch/activate-0.0.0-0.conda HTTP/2",
        ),
        *(
            "GET /t/x/main/linux-64/repodata.json?x HTTP/1.1",
            "-",
            "",
            r"\x16\x03",
            "GET /a b",
            "get /",
        ),
        *(r"GET /a\x22b HTTP/1.1", r"GET /a\"b HTTP/1.1", "GET /é/noarch/a-1-0.conda HTTP/1.1"),
    ]
)
QUOTED = st.sampled_from(
    [
        *(
            "-",
            "",
            "curl/8",
            "conda/24.7.1 aau/0.9.0 c/x s/y",
            "conda/24.7.1 aau/0.9.0 c/x c/y o/1 o/1",
        ),
        *(
            r"pip/26 {\x22a\x22}",
            r"pip/26 {\"a\"}",
            "x\\\\",
            "é aau/0.9.0 c/x",
            "a aau/1 c/x é/1",
            "\0",
        ),
        *("conda/24.7.1 aau/0.9.0 c/x (y) s/z", "conda/24.7.1 aau/0.9.0 c/x z/1 i/1 m/1"),
    ]
)
ENDS = st.sampled_from(["", "", ' "-"', ' "198.51.100.1"', " 0.1", "x", "\r", ' "'])
LINES = st.builds(
    '{}{} {} "{}" {} {} "{}" "{}"{}'.format,
    st.sampled_from(["", "\0", "conda.example.org:443 "]),
    st.sampled_from(["192.0.2.7 - -", "192.0.2.7 - a [b", r"192.0.2.7 - a\"b", "é - -"]),
    STAMPS,
    REQUEST_LINES,
    st.sampled_from(["200", "304", "404", "2000", "-"]),
    st.sampled_from(["5", "-", "x", "123456789012345678901234567890"]),
    QUOTED,
    QUOTED,
    ENDS,
)


@settings(deadline=None, max_examples=200)
@given(st.lists(LINES | st.text(alphabet='a" \\[]\0\r', max_size=20), min_size=1, max_size=12))
def test_whole_columns_give_the_same_rows_as_line_by_line(texts):
    block = BlockParser(Options()).parse("combined", "\n".join(texts).encode() + b"\n")
    rows, skips = [], []
    for number, text in enumerate(texts):
        parts = parse_line(text.encode().decode("latin-1"), FORMATS["combined"])
        if isinstance(parts, str):
            skips.append((number, parts))
            continue
        request = classify(*parts[1:5], Options())
        tokens, products = parse(parts.user_agent)
        row = {"time": parts.time} | request._asdict() | tokens._asdict() | products._asdict()
        rows.append(tuple(row.get(name) for name in REQUESTS.names))
    batches = [group.batch(encoded, b"key") for group in block.rows for encoded in (False, True)]
    for start in (0, 1):
        found = pa.Table.from_batches([batch.cast(REQUESTS) for batch in batches[start::2]])
        columns = [
            map(tuple, column.to_pylist()) if pa.types.is_list(column.type) else column.to_pylist()
            for column in found.drop_columns(["day", "hour", *IDS]).columns
        ]
        expected = [row[:1] + row[3 : -len(IDS)] for row in rows]
        assert sorted(expected, key=repr) == sorted(zip(*columns, strict=True), key=repr)
        for name, names in IDS.items():
            hashed = {
                (row[name], tuple(row[column] or "" for column in names))
                for row in found.to_pylist()
            }
            assert len(hashed) == len({number for number, _ in hashed})
            assert len(hashed) == len({values for _, values in hashed})
    assert (*block.counts[:3],) == (len(texts), len(skips), skips)
