"""7. How long the first activation in a fresh PowerShell is delayed."""

from __future__ import annotations

import os
import shutil
import subprocess

from measure import PATIENCE, Table, children, goal, interleaved
from parts import Parts

#: Does what conda's module does before it sources the script: a native command, and the
#: evaluation of its output. Then it prints how long the script in STUB takes, in ms.
SESSION = """
$text = (& $Env:CONDA_EXE $Env:_CE_M $Env:_CE_CONDA '$Env:CONDA_SHLVL = "1"' | Out-String)
Invoke-Expression -Command $text
$watch = [Diagnostics.Stopwatch]::StartNew()
. $Env:STUB
[Console]::Write($watch.Elapsed.TotalMilliseconds)
"""

#: One process and one variable.
FLOOR = """
$null = [Diagnostics.Process]::Start('/bin/sh', '-c :')
[Environment]::SetEnvironmentVariable('_ANACONDA_HEARTBEAT_1', $Env:CONDA_PREFIX)
"""

ROUNDS = 7

#: Goal.
FLOORS = 1.8


def measure_all(parts: Parts, quick: bool) -> list[Table]:
    """Return the tables of this module."""
    table = Table(
        "PowerShell: delay of the first activation, in ms: median (minimum-maximum)",
        ("", "floor", "off", "off / floor", f"≤ {FLOORS}"),
    )
    pwsh = shutil.which("pwsh")
    if not pwsh:
        table.add("pwsh", "not installed", *[""] * 3)
        return [table]
    session, floor = parts.place / "session.ps1", parts.place / "floor.ps1"
    session.write_text(SESSION)
    floor.write_text(FLOOR)
    environ = {**parts.environ("powershell", None), "CONDA_EXE": "/bin/echo"}

    def delay(script) -> float:
        before = children()
        done = subprocess.run(
            [pwsh, "-NoProfile", "-NonInteractive", "-File", session],
            env={**environ, "STUB": str(script)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            timeout=PATIENCE,
        )
        for launcher in children() - before:
            os.waitpid(launcher, 0)
        return float(done.stdout) / 1000

    cases = {"floor": lambda: delay(floor), "off": lambda: delay(parts.stub(".ps1"))}
    samples = interleaved(cases, 1 if quick else ROUNDS)
    ratio = samples["off"].median / samples["floor"].median
    table.add(
        "pwsh",
        *(samples[name].text(digits=0) for name in cases),
        f"{ratio:.2f}",
        goal(ratio <= FLOORS),
    )
    return [table]
