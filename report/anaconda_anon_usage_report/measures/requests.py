"""Measure requests that fail, that are of no known kind, or that come from other tools."""

from __future__ import annotations

import ibis.expr.types as ir

from ..schema import HEARTBEAT, OTHER
from .data import Data, flagged


def errors(data: Data) -> ir.Table:
    """Return the rows of the table of errors."""
    rows = data.requests
    return _counted(data, rows.filter((rows.kind != HEARTBEAT) & (rows.status >= 400)), "status")


def other_requests(data: Data) -> ir.Table:
    """Return the rows of the table of requests that are of no other kind."""
    rows = data.requests.filter(data.requests.kind == OTHER)
    rows = rows.mutate(status_class=(rows.status // 100).cast("int64"))
    return _counted(data, rows, "status_class")


def other_tools(data: Data) -> ir.Table:
    """Return the rows of the table of tools other than conda."""
    rows = data.requests.mutate(installer_name=data.requests.installer_name.fill_null(""))
    return _counted(data, rows.filter(rows.installer_name != "conda"), "installer_name")


def _counted(data: Data, rows: ir.Table, key: str) -> ir.Table:
    rows = rows.filter(rows.reported == 1)
    counted = rows.group_by("period", "client", "from_mirror", key).aggregate(requests=rows.count())
    return flagged(counted, data.clients)
