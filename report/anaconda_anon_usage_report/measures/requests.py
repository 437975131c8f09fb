"""Measure requests that fail, that are of no known kind, or that come from other tools."""

from __future__ import annotations

import ibis.expr.types as ir

from ..schema import HEARTBEAT, OTHER
from .data import Data
from .populations import ONE


def errors(data: Data) -> ir.Table:
    """Return the rows of the table of errors."""
    rows = data.reported
    return _counted(rows.filter((rows.kind != HEARTBEAT) & (rows.status >= 400)))


def other_requests(data: Data) -> ir.Table:
    """Return the rows of the table of requests that are of no other kind."""
    rows = data.reported.filter(data.reported.kind == OTHER)
    rows = rows.mutate(status_class=(rows.status // 100).cast("int64"))
    return _counted(rows)


def other_tools(data: Data) -> ir.Table:
    """Return the rows of the table of tools other than conda."""
    rows = data.reported.mutate(installer_name=data.reported.installer_name.fill_null(""))
    return _counted(rows.filter(rows.installer_name != "conda"))


def _counted(rows: ir.Table) -> ir.Table:
    return rows.mutate(requests=ONE)
