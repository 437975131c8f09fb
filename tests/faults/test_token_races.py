"""Racing processes agree on exactly one token."""

from __future__ import annotations

import json
import os
import stat

import pytest
from processes import WITHOUT_LINKS, make_environment, run

ROUNDS, PROCESSES = 20, 64

#: Fork processes that start at the same moment, in each round, and print their tokens.
RACE = """
    import json, os, sys
    from anaconda_anon_usage.tokens import binding
    from anaconda_anon_usage import tokens

    def child(gate, results, kind, directory):
        os.environ["HOME"] = directory
        os.read(gate, 1)  # until the other end is closed
        function = {"client": tokens.client_token, "environment": tokens.environment_token}[kind]
        token = function() if kind == "client" else function(directory)
        os.write(results, f"{token}\\n".encode())
        os._exit(0)

    def round(kind, directory, processes):
        gate, opener = os.pipe()
        reader, results = os.pipe()
        for _ in range(processes):
            if os.fork() == 0:
                os.close(opener)
                child(gate, results, kind, directory)
        for descriptor in (gate, results, opener):
            os.close(descriptor)
        with open(reader) as file:
            found = file.read().split()
        for _ in range(processes):
            os.wait()
        return found

    kind, processes, *directories = json.loads(os.environ["QUESTION"])
    binding.machine_identity()
    print(json.dumps([round(kind, directory, processes) for directory in directories]))
"""


@pytest.mark.unmeasured
@pytest.mark.parametrize("prelude", ["", WITHOUT_LINKS], ids=["links", "no links"])
@pytest.mark.parametrize("kind, place", [("client", ".conda"), ("environment", "etc")])
@pytest.mark.parametrize("umask", [0o022, 0, 0o077])
def test_every_round_has_one_token(tmp_path, home, prelude, kind, place, umask):
    """All 64 processes of each of 20 rounds return the token in the file."""
    rounds = ROUNDS if umask == 0o022 else 2
    directories = [tmp_path / f"round-{number}" for number in range(rounds)]
    for directory in directories:
        make_environment(directory)
        directory.chmod(0o755)
    before = os.umask(umask)
    try:
        question = json.dumps([kind, PROCESSES, *map(str, directories)])
        found = json.loads(run(home, prelude, RACE, QUESTION=question))
    finally:
        os.umask(before)
    tokens = [(path / place / "aau_token").read_text().strip() for path in directories]
    assert [[token] * PROCESSES for token in tokens] == found
    assert rounds == len(set(tokens))
    modes = {stat.S_IMODE((path / place / "aau_token").stat().st_mode) for path in directories}
    assert {0o600 if kind == "client" else 0o644} == modes
    left = {name for path in directories for name in os.listdir(path / place)}
    assert left <= {"aau_token", "aau_token_binding", "aau_token_prefix"}
