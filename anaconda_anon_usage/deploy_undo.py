"""Take back what ``deploy`` has written, and leave what somebody has made of it since."""

from __future__ import annotations

import os

from . import condarc_edit, deploy_record
from .condarc_take_back import not_taken_back, take_back
from .deploy_files import (
    Plan,
    Write,
    decoded,
    encoded,
    explained,
    mode_of,
    read,
    read_record,
    read_text,
)
from .deploy_record import CondarcRecord

#: What conda is told to keep up to date.
PACKAGE = "anaconda-anon-usage"


def plan_undo(directory: str) -> Plan:
    """Return what takes back all that plan() has had written to a directory.

    Args:
        directory: the conda directory.

    Raises:
        CannotDeploy: something that is there is in the way.
    """
    record = read_record(directory)
    if record is None:
        return Plan([], 0, [])
    writes, notes = [], []
    for name in dict.fromkeys(r.file for r in record.condarcs):
        path = os.path.join(directory, name)
        before = read(path)
        after, left = undone_condarc(path, before, [r for r in record.condarcs if r.file == name])
        notes += [f"left {key} in {path}: somebody has changed it since" for key in left]
        writes.append(Write(path, before, after, mode_of(path)))
    for name in dict.fromkeys(r.file for r in record.tokens):
        path = os.path.join(directory, name)
        before = text = read_text(path)
        own = [r for r in record.tokens if r.file == name]
        for r in own:
            text = r.before if text == r.after else text
        if text is not None and text not in [r.before for r in own]:
            notes.append(f"left {path}: somebody has changed it since")
        writes.append(Write(path, encoded(before), encoded(text), mode_of(path)))
    writes = [write for write in writes if write.before != write.after]
    path = os.path.join(directory, deploy_record.NAME)
    writes.append(Write(path, read(path), None, 0))
    return Plan(writes, record.directories, notes)


def undone_condarc(
    path: str, data: bytes | None, records: list[CondarcRecord]
) -> tuple[bytes | None, list[str]]:
    """Return a condarc without what was written, and the settings that had to be left."""
    if data is None:
        return None, []
    text = decoded(path, data)
    with explained(path):
        for record in records:
            if record.sha256 == deploy_record.digest(data):
                return (
                    None
                    if record.created
                    else condarc_edit.revert(text, record.changes).encode("utf-8")
                ), []
        for record in records:
            text = take_back(text, record.changes, PACKAGE)
        left = [key for record in records for key in not_taken_back(text, record.changes)]
    created = all(record.created for record in records)
    return (None if created and not text.strip() else text.encode("utf-8")), [*dict.fromkeys(left)]
