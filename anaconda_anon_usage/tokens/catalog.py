"""What each token means: the one table, for the command line and the documentation.

It is a module of its own so that conda's commands, which only send tokens, need not load it.
"""

from __future__ import annotations

from collections import namedtuple

#: A kind of token: the letter before its value; its field in ``tokens.Tokens``; what it
#: identifies; where the value is stored, and how long it lasts; whether it is anonymous;
#: an example; and the version of this package that first sent it.
TokenKind = namedtuple(
    "TokenKind", "letter name identifies kept_in lifetime anonymous example since"
)

#: In the order in which they are sent.
CATALOG = (
    TokenKind(
        letter="aau",
        name="version",
        identifies="the version of this package",
        kept_in="this package",
        lifetime="until the package is updated",
        anonymous="yes",
        example="aau/0.1.0",
        since="0.1.0",
    ),
    TokenKind(
        letter="c",
        name="client",
        identifies="a user on a machine",
        kept_in="~/.conda/aau_token",
        lifetime="until the file is deleted or copied to another machine",
        anonymous="pseudonymous, random",
        example="c/UJngfYjkhNCv0HPEitrFWA",
        since="0.1.0",
    ),
    TokenKind(
        letter="s",
        name="session",
        identifies="one process",
        kept_in="memory",
        lifetime="until the process ends",
        anonymous="pseudonymous, random",
        example="s/QbCqO9cvBJKxZoy3Aqy3IQ",
        since="0.1.0",
    ),
    TokenKind(
        letter="e",
        name="environment",
        identifies="an environment",
        kept_in="<prefix>/etc/aau_token",
        lifetime="until the file is deleted, or the environment is moved or copied",
        anonymous="pseudonymous, random",
        example="e/HDfhBoBzq-fiMJfah4DysQ",
        since="0.1.0",
    ),
    TokenKind(
        letter="a",
        name="anaconda_cloud",
        identifies="the Anaconda account that is logged in with anaconda-auth",
        kept_in="the login of anaconda-auth",
        lifetime="as long as the account exists; sent while the login is valid",
        anonymous="no, it is the account's ID",
        example="a/ABEiM0RVZneImaq7zN3u_w",
        since="0.1.0",
    ),
    TokenKind(
        letter="i",
        name="installer",
        identifies="the installer that was used",
        kept_in="installer_token files, ANACONDA_ANON_USAGE_INSTALLER_TOKEN",
        lifetime="until the file or variable is changed",
        anonymous="depends on the administrator's choice",
        example="i/acme-2026-11",
        since="0.1.0",
    ),
    TokenKind(
        letter="o",
        name="organization",
        identifies="an organization",
        kept_in="org_token files, ANACONDA_ANON_USAGE_ORG_TOKEN",
        lifetime="until the file or variable is changed",
        anonymous="depends on the administrator's choice",
        example="o/acme",
        since="0.1.0",
    ),
    TokenKind(
        letter="m",
        name="machine",
        identifies="a machine",
        kept_in="machine_token files, ANACONDA_ANON_USAGE_MACHINE_TOKEN",
        lifetime="until the file or variable is changed",
        anonymous="depends on the administrator's choice",
        example="m/build-07",
        since="0.1.0",
    ),
)
