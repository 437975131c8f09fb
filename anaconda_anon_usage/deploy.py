"""An administrator's configuration in the system's conda directory: plan it.

Everything is computed before anything is written. What is written goes in an order that
leaves something to be taken back wherever it is interrupted: the record of it first, the
condarc, which switches things on, last.
"""

from __future__ import annotations

import contextlib
import os
from collections import namedtuple
from collections.abc import Callable

from . import condarc_edit, condarc_text, deploy_record
from .condarc_edit import Change
from .condarc_text import CannotEdit
from .deploy_files import (
    CannotDeploy,
    Plan,
    Write,
    decoded,
    encoded,
    explained,
    missing_directories,
    mode_of,
    read,
    read_record,
    read_text,
)
from .deploy_record import CondarcRecord, Record, TokenRecord
from .deploy_undo import PACKAGE, undone_condarc
from .settings import search_path
from .tokens.grammar import is_token
from .tokens.token_file import random_token

#: What is wanted: ``anaconda_heartbeat`` as YAML has it; for each token a value, RANDOM,
#: or None to leave it; the names of those that may be replaced where they stand.
Wanted = namedtuple("Wanted", "heartbeat org_token machine_token replace")

#: A token that is made here.
RANDOM = "random"

#: The list of conda that keeps the package up to date.
PACKAGES = "aggressive_update_packages"

#: What conda updates aggressively as long as nobody sets PACKAGES
#: (DEFAULT_AGGRESSIVE_UPDATE_PACKAGES in conda/base/constants.py). Setting it replaces
#: them (ParameterLoader in conda/common/configuration.py), so they are listed too.
AGGRESSIVE_DEFAULTS = ("ca-certificates", "certifi", "openssl")

#: The beginning of a condarc that is new.
HEADER = """\
# Written by `anaconda-anon-usage deploy`; `anaconda-anon-usage deploy --undo` takes it back.
# Put no comment on the line below a #!final: conda would no longer see the #!final.
"""


def system_directory(root: str | None = None) -> str:
    """Return the system's conda directory.

    Args:
        root: the directory that it is below, as DESTDIR of packagers; None for the
            system's own.
    """
    system = search_path.administrator_directories(None)[0]
    if root is None:
        return system
    return os.path.join(os.path.abspath(root), os.path.splitdrive(system)[1].lstrip("/\\"))


def plan(directory: str, wanted: Wanted, make_token: Callable[[], str] = random_token) -> Plan:
    """Return what makes a directory's configuration as it is wanted.

    Args:
        directory: the conda directory, which need not exist.
        wanted: what it is to say.
        make_token: makes each random token.

    Raises:
        CannotDeploy: something that is there is in the way.
    """
    made = missing_directories(directory)
    old = read_record(directory) or Record(made)
    notes: list[str] = []
    token_writes, tokens = [], list(old.tokens)
    for name in ("org_token", "machine_token"):
        value = getattr(wanted, name)
        write = value and _token(directory, name, value, name in wanted.replace, make_token, notes)
        if write:
            token_writes.append(write)
            tokens = _with_token(tokens, write)
    org_tokens = [os.path.join(directory, name) for name in ("org_token", ".org_token")]
    if not wanted.org_token and not any(map(os.path.lexists, org_tokens)):
        notes.append("no org_token: --org-token VALUE tells which organization this is")
    condarc_writes, condarcs = _condarc(directory, wanted.heartbeat, old)
    changed = [*token_writes, *condarc_writes]
    if not changed:
        return Plan([], 0, notes)
    new = Record(old.directories, condarcs, tokens)
    # What was written before stays known until all that is new stands.
    both = Record(
        old.directories,
        [*condarcs, *(r for r in old.condarcs if r not in condarcs)],
        [*tokens, *(r for r in old.tokens if r not in tokens)],
    )
    path = os.path.join(directory, deploy_record.NAME)
    before = read(path)
    # No more readable than what it quotes.
    mode = 0o600 | (0o044 & mode_of(path))
    for write in changed:
        mode &= 0o600 | mode_of(write.path)
    writes = [Write(path, before, both.encoded(), mode), *changed]
    if both != new:
        writes.append(Write(path, both.encoded(), new.encoded(), mode))
    return Plan(writes, 0, notes)


def _condarc(
    directory: str, heartbeat: str, old: Record
) -> tuple[list[Write], list[CondarcRecord]]:
    """Return the writes for the condarc and the records of all that is then changed."""
    # Of those that exist the one that conda reads first: its #!final is the one that counts.
    paths = {name: os.path.join(directory, name) for name in deploy_record.CONDARCS}
    name = next((name for name in paths if os.path.lexists(paths[name])), "condarc")
    path = paths[name]
    standing = read_text(path)
    with explained(path):
        if standing is not None and _is_as_wanted(standing, heartbeat):
            return [], old.condarcs
    # What an earlier deploy wrote is taken back first, so that the record always leads
    # back to what the administrator had.
    undone: dict[str, bytes | None] = {name: encoded(standing)}
    for other in dict.fromkeys(r.file for r in old.condarcs):
        records = [r for r in old.condarcs if r.file == other]
        undone[other], _ = undone_condarc(paths[other], read(paths[other]), records)
    base = undone[name]
    text, changes = (base or b"").decode("utf-8"), []
    if base is None:
        changes.append(Change("", 0, "", HEADER))
        text = HEADER
    with explained(path):
        for key, value in (("anaconda_anon_usage", "true"), ("anaconda_heartbeat", heartbeat)):
            found = condarc_edit.lock(text, key, value)
            text, changes = condarc_edit.apply(text, found), changes + found
        default = () if _is_listed_elsewhere(directory, path) else AGGRESSIVE_DEFAULTS
        found = condarc_edit.include(text, PACKAGES, PACKAGE, default)
        text, changes = condarc_edit.apply(text, found), changes + found
    undone[name] = text.encode("utf-8")
    writes = [
        Write(paths[other], read(paths[other]), after, mode_of(paths[other]))
        for other, after in undone.items()
    ]
    record = CondarcRecord(name, base is None, deploy_record.digest(undone[name]), changes)
    return [write for write in writes if write.before != write.after], [record]


def _is_as_wanted(text: str, heartbeat: str) -> bool:
    return (
        condarc_edit.is_locked(text, "anaconda_anon_usage", "true")
        and condarc_edit.is_locked(text, "anaconda_heartbeat", heartbeat)
        and condarc_edit.includes(text, PACKAGES, PACKAGE)
    )


def _is_listed_elsewhere(directory: str, path: str) -> bool:
    """Return whether another file of a directory sets PACKAGES: then no default holds."""
    for other, _ in search_path.condarcs_in(directory):
        with contextlib.suppress(CannotDeploy, CannotEdit):
            if other != path and condarc_text.items(read_text(other) or "", PACKAGES) is not None:
                return True
    return False


def _token(
    directory: str,
    name: str,
    value: str,
    replace: bool,
    make_token: Callable[[], str],
    notes: list[str],
) -> Write | None:
    """Return the write that puts a token into its file, or None if it is there."""
    paths = [os.path.join(directory, name), os.path.join(directory, "." + name)]
    path = next((path for path in paths if os.path.lexists(path)), paths[0])
    text = read_text(path)
    # As tokens.administrator_sources() reads it.
    standing = (text or "").lstrip("\ufeff").strip().split("\n")[0].strip()
    if standing == value or (value == RANDOM and not replace and is_token(standing)):
        notes.append(f"kept {path}")
        return None
    if standing and not replace:
        what = "another token" if is_token(standing) else "something that is no token"
        raise CannotDeploy(f"{path} holds {what}; --replace replaces it")
    token = make_token() if value == RANDOM else value
    return Write(path, encoded(text), f"{token}\n".encode("ascii"), mode_of(path))


def _with_token(tokens: list[TokenRecord], write: Write) -> list[TokenRecord]:
    """Return the records of tokens with that of a write, which leads back to the first."""
    name = os.path.basename(write.path)
    before, after = decoded(write.path, write.before), decoded(write.path, write.after)
    for record in tokens:
        if record.file == name and record.after == before:
            before = record.before
            break
    return [TokenRecord(name, before, after), *(r for r in tokens if r.file != name)]
