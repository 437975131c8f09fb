"""Define what a report is asked for."""

from __future__ import annotations

from dataclasses import dataclass

PERIODS = ("day", "week", "month")


@dataclass(frozen=True)
class ReportOptions:
    """The options of a report, except those of reading and writing.

    Args:
        since: First day to report, in days since 1970-01-01, or None for the first day read.
        until: Last day to report, likewise.
        by: Length of the periods, one of PERIODS, or None for a single one.
        lasting: Days between the first and last request of a lasting client.
        accounts: Whether to count accounts.
        organizations: Report only requests with one of these organization tokens, if any.
        installers: Report only requests with one of these installer tokens, if any.
        channels: Report only requests of these channels, if any.
        subdirs: Report only requests of these subdirs, if any.
        packages: Packages whose versions are reported.
        inventory: Paths or names of the files that the channel holds.
        unused_days: Days without a download after which a file counts as unused.
        min_clients: Size below which a group of clients is not shown by itself.
    """

    since: int | None = None
    until: int | None = None
    by: str | None = None
    lasting: int = 1
    accounts: bool = False
    organizations: tuple[str, ...] = ()
    installers: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    subdirs: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    inventory: tuple[str, ...] = ()
    unused_days: int = 90
    min_clients: int = 5
