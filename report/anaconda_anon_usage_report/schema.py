"""Define the table of requests, the contract between reading and measuring.

One row is one request of a log. Missing values are NULL. There is no column for addresses, user
names, referrers, queries or tokens in URLs, so that they cannot get past the reader.
"""

from __future__ import annotations

import pyarrow as pa

#: Values of the column ``kind``.
DOWNLOAD = "download"
REPODATA = "repodata"
HEARTBEAT = "heartbeat"
OTHER = "other"
KINDS = (DOWNLOAD, REPODATA, HEARTBEAT, OTHER)

REQUESTS = pa.schema(
    [
        pa.field("time", pa.int64(), nullable=False),  # seconds since 1970-01-01, UTC
        pa.field("day", pa.int64(), nullable=False),  # days since 1970-01-01, UTC
        pa.field("hour", pa.int64(), nullable=False),  # hours since 1970-01-01, UTC
        pa.field("kind", pa.string(), nullable=False),
        pa.field("method", pa.string(), nullable=False),
        pa.field("status", pa.int64(), nullable=False),
        pa.field("bytes", pa.int64()),
        pa.field("channel", pa.string()),
        pa.field("subdir", pa.string()),
        pa.field("file", pa.string()),  # decoded file name of a download
        pa.field("project", pa.string()),
        pa.field("version", pa.string()),
        pa.field("build", pa.string()),
        pa.field("client", pa.string()),
        pa.field("session", pa.string()),
        pa.field("environment", pa.string()),
        pa.field("account", pa.string()),
        pa.field("organizations", pa.list_(pa.string()), nullable=False),
        pa.field("machines", pa.list_(pa.string()), nullable=False),
        pa.field("installers", pa.list_(pa.string()), nullable=False),
        pa.field("aau", pa.string()),  # version of anaconda-anon-usage
        pa.field("installer_name", pa.string()),  # first product of the User-Agent
        pa.field("installer_version", pa.string()),
        pa.field("conda", pa.string()),
        pa.field("python", pa.string()),
        pa.field("implementation", pa.string()),
        pa.field("system_name", pa.string()),
        pa.field("distro_name", pa.string()),
        pa.field("distro_version", pa.string()),
        pa.field("solver", pa.string()),
        pa.field("solver_version", pa.string()),
        pa.field("libc", pa.string()),
        pa.field("cpu", pa.string()),  # from the subdir of a download
        pa.field("mirror", pa.bool_(), nullable=False),
        pa.field("program_id", pa.int64(), nullable=False),  # keyed hash, as is the next; see IDS
        pa.field("file_id", pa.int64(), nullable=False),
    ]
)

#: Columns that tell what a client runs.
ATTRIBUTES = (
    "aau",
    "conda",
    "python",
    "implementation",
    "system_name",
    "distro_name",
    "distro_version",
    "solver",
    "solver_version",
    "libc",
    "cpu",
)

#: Columns with a hash of others, because engines group by one number much faster than by texts.
IDS = {"program_id": ATTRIBUTES, "file_id": ("channel", "subdir", "file")}

#: Tokens that are only counted. A store has a number in place of each, which takes DuckDB much less
#: time and memory than text.
COUNTED = ("client", "session", "environment", "account")

#: The table of requests in a store.
STORED = pa.schema(
    [field.with_type(pa.int64()) if field.name in COUNTED else field for field in REQUESTS]
)
