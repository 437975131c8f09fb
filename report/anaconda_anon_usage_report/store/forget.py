"""How is something removed from a store?"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from ..engine import MEMORY, parquet
from ..reading.sources import NO_INPUT, ReadingError
from .contents import changed, paths
from .files import sync
from .keys import TOKEN_KEY, read_key
from .pseudonyms import number


def forget_client(directory: Path, token: str, memory: int = MEMORY) -> int:
    """Remove all requests of a client.

    Args:
        directory: The store.
        token: The client token, without ``c/``.
        memory: Memory of the database in MB.

    Returns:
        The number of requests removed.

    Raises:
        ReadingError: There is no store, or its key was removed.
    """
    with changed(directory) as store:
        key = read_key(directory / TOKEN_KEY)
        if key is None:
            raise ReadingError(f"{directory}: no key, so no request can be linked to a token")
        client = number(key, "client", token)
        manifest = store.manifest
        affected = []
        removed = 0
        with store.engine(memory) as engine:
            for file, path in zip(
                manifest.requests, paths(directory, manifest.requests), strict=True
            ):
                query = f"SELECT count(*) FROM {parquet([path])} WHERE client = {client}"
                count = engine.query(query).read_all()[0][0].as_py()
                if count:
                    affected.append(file)
                    removed += count
            if affected:
                table = parquet(paths(directory, affected))
                rest = f"(SELECT * FROM {table} WHERE client IS DISTINCT FROM {client})"
                written = store.write_requests(engine, rest)
                kept = [file for file in manifest.requests if file not in affected]
                store.commit(replace(manifest, requests=(*kept, *written)))
        return removed


def forget_key(directory: Path) -> None:
    """Remove the key of tokens. The next run that collects logs makes a new one.

    Args:
        directory: The store.

    Raises:
        ReadingError: There is no store, or its key was removed before.
    """
    with changed(directory):
        try:
            (directory / TOKEN_KEY).unlink()
        except FileNotFoundError:
            raise ReadingError(f"{directory}: no key", NO_INPUT) from None
        sync(directory)


def expire(directory: Path, days: int) -> int:
    """Remove what is older than a number of days.

    Args:
        directory: The store.
        days: The number of UTC days to keep, besides the current one.

    Returns:
        The number of UTC days whose requests were removed.

    Raises:
        ReadingError: There is no store.
    """
    with changed(directory) as store:
        before = store.manifest
        after = before.since(int(time.time()) // 86_400 - days)
        if after != before:
            store.commit(after)
        return len({file.day for file in before.requests} - {file.day for file in after.requests})
