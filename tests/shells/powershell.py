"""Cases for the scripts for PowerShell, many of which run in one process.

PowerShell starts slowly. So each case has a runspace instead of a process, with its own
preferences, functions, location, $Error and language mode. There, a prompt is an error.
"""

from __future__ import annotations

import pytest

#: Settings that make cmdlets print, ask, wait, do nothing or mean something else.
MODES = {
    "default": "",
    "functions": (
        "function Start-Process { 'f' }; function Set-Item { 'f' }; function Remove-Item { 'f' };"
        " function Get-Command { 'f' }; function Test-Path { 'f' }"
    ),
    "aliases": (
        "foreach ($name in 'Start-Process', 'Set-Item', 'Remove-Item', 'Get-Command', 'Test-Path')"
        " { Set-Alias $name Write-Output }"
    ),
    "WhatIf": "$WhatIfPreference = $true",
    "Confirm": "$ConfirmPreference = 'Low'",
    "default parameters": (
        "$PSDefaultParameterValues = @{'*:Verbose' = $true; '*:Debug' = $true;"
        " '*:PassThru' = $true; 'Start-Process:Wait' = $true; 'Get-Command:Syntax' = $true}"
    ),
    "streams": "$VerbosePreference = $DebugPreference = $InformationPreference = 'Continue'",
    "no module": "$PSModuleAutoLoadingPreference = 'None'",
    "strict": "Set-StrictMode -Version Latest; $ErrorActionPreference = 'Stop'",
    "debugger": "$ErrorActionPreference = 'Break'",
}

ALL_MODES = "\n".join(MODES.values())

#: With neither cmdlets nor .NET, nothing could be started in a constrained language.
ALL_BUT_MODULES = ALL_MODES.replace(MODES["no module"], "")

#: Allows only cmdlets and basic types in the rest of the script.
CONSTRAINED = "\n$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'\n"

every_language = pytest.mark.parametrize("language", ["", CONSTRAINED], ids=["full", "constrained"])

#: Locations that are not an ordinary directory, and the commands that go there.
LOCATIONS = {
    "a drive of variables": "Set-Location Env:",
    "a deleted directory": (
        "$null = [IO.Directory]::CreateDirectory('gone')\n"
        "Set-Location gone; [IO.Directory]::Delete('gone')"
    ),
    "brackets": (
        "$null = [IO.Directory]::CreateDirectory('[a-z]'); Set-Location -LiteralPath '[a-z]'"
    ),
}

#: Prints what a text writes to any stream, as one line.
INVOKE = """
$outer = $Env:PATH
$system = $Env:OS
$root = $Env:SystemRoot
function Invoke-Text([string] $text) {
    $Env:PATH = $outer
    $Env:OS = $system
    $Env:SystemRoot = $root
    $commands = [Management.Automation.Runspaces.InitialSessionState]::CreateDefault2()
    $shell = [PowerShell]::Create($commands)
    $output = $shell.AddScript($text).Invoke()
    $shown = foreach ($name in 'Error', 'Warning', 'Verbose', 'Debug', 'Information') {
        $shell.Streams.$name
    }
    [Console]::WriteLine("$output$shown" -replace '[\\r\\n]+', ' ')
}
"""

#: Activates, reactivates and deactivates. Prints whether the level is marked after each of the
#: first two, and no longer after the last; the number of errors; and the status after the first.
ROUND = """
$Env:CONDA_SHLVL = '1'
$Env:CONDA_PREFIX = {prefix}
$left = $Env:PATH
$Env:PATH = {directory} + [IO.Path]::PathSeparator + $left
$Env:_ANACONDA_HEARTBEAT_1 = $null
$global:LASTEXITCODE = 7
{setup}
. {activate}
$Env:STATUS = "$? $LASTEXITCODE"
$Env:COUNTED = $Env:CONDA_PREFIX -and $Env:_ANACONDA_HEARTBEAT_1 -ceq $Env:CONDA_PREFIX
. {leave}
$Env:KEPT = $Env:CONDA_PREFIX -and $Env:_ANACONDA_HEARTBEAT_1 -ceq $Env:CONDA_PREFIX
$Env:PATH = $left
. {leave}
"$Env:COUNTED $Env:KEPT $($null -eq $Env:_ANACONDA_HEARTBEAT_1) $($Error.Count) $Env:STATUS"
"""

#: Prints everything that a script could change.
STATE = """
$Env:CONDA_SHLVL = '1'
$Env:CONDA_PREFIX = {prefix}
$Env:_ANACONDA_HEARTBEAT_1 = $null
$global:LASTEXITCODE = 7
{setup}
. {script}
"$? $LASTEXITCODE"
Get-Location | Out-String
(Get-Job).Count
Get-Variable | ForEach-Object Name
"$Error"
"""


def quote(path) -> str:
    """Return a path as a PowerShell string."""
    return "'" + str(path).replace("'", "''") + "'"


def runspaces(texts) -> str:
    """Return a script that runs each text in a runspace of its own, and prints a line for it."""
    return INVOKE + "\n".join(f"Invoke-Text {quote(text)}" for text in texts)


def round_of(works: bool) -> str:
    """Return what ROUND prints."""
    return f"{works} {works} True 0 True 7"
