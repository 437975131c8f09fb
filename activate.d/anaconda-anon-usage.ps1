# anaconda-anon-usage: start the heartbeat launcher, detached. anaconda-anon-usage.sh has
# the reasons for the text that /bin/sh gets.
#
# LanguageMode     0 is FullLanguage. Calls of .NET obey no preference, can't be replaced by
#                  an alias or a function, and load no module. Other modes forbid them.
# $null =          the call returns the process, which would be printed.
# UseShellExecute  with Hidden: no window, and the launcher inherits none of our handles.
#                  CreateNoWindow without it would pass them on.
# %CONDA_PREFIX%   expanded by cmd, between quotes, so that nothing in the prefix is parsed.
#                  /v:off: an exclamation mark in it is literal.
# exec             cuts the streams, even where sh would keep copies of them.
# RemoveAt         a caught error is in $Error all the same.
if ($Env:CONDA_PREFIX) {
    if (-not $ExecutionContext.SessionState.LanguageMode) {
        try {
            if ($Env:OS -ne 'Windows_NT') {
                $null = [Diagnostics.Process]::Start('/bin/sh', '-c "exec </dev/null >/dev/null 2>&1; trap \"\" HUP INT QUIT TSTP; . \"${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh\" &"')
            } elseif ($Env:SystemRoot) {
                $null = [Diagnostics.Process]::Start([Diagnostics.ProcessStartInfo] @{ FileName = "$Env:SystemRoot\System32\cmd.exe"; Arguments = '/d /v:off /c ""%CONDA_PREFIX%\etc\conda\anon-usage\heartbeat.bat""'; UseShellExecute = $true; WindowStyle = 'Hidden' })
            } else { return }
            # This level is counted; deactivate.d removes the variable.
            [Environment]::SetEnvironmentVariable("_ANACONDA_HEARTBEAT_$Env:CONDA_SHLVL", $Env:CONDA_PREFIX)
        } catch { $Error.RemoveAt(0) }
    } else {
        # The same with cmdlets. `&` keeps the variables, preferences among them, local.
        # Windows PowerShell 5.1 has no -WhatIf and no -Confirm for Start-Process.
        & {
            $WhatIfPreference = $false
            $ConfirmPreference = 'None'
            $PSDefaultParameterValues = @{}
            # Not an alias or a function; nothing if modules are not loaded automatically.
            $start, $set, $test = Microsoft.PowerShell.Core\Get-Command -ErrorAction Ignore -CommandType Cmdlet Microsoft.PowerShell.Management\Start-Process, Microsoft.PowerShell.Management\Set-Item, Microsoft.PowerShell.Management\Test-Path
            if (-not $test) { return }
            try {
                if ($Env:OS -ne 'Windows_NT') {
                    & $start -ErrorAction Ignore /bin/sh '-c "exec </dev/null >/dev/null 2>&1; trap \"\" HUP INT QUIT TSTP; . \"${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh\" &"'
                } elseif ($Env:SystemRoot -and (& $test -ErrorAction Ignore -LiteralPath "$Env:SystemRoot\System32\cmd.exe")) {
                    # 5.1 would take brackets in the current directory's name for a pattern.
                    & $start -ErrorAction Ignore -WindowStyle Hidden -WorkingDirectory $Env:SystemRoot "$Env:SystemRoot\System32\cmd.exe" '/d /v:off /c ""%CONDA_PREFIX%\etc\conda\anon-usage\heartbeat.bat""'
                } else { return }
                & $set -ErrorAction Ignore -LiteralPath "Env:_ANACONDA_HEARTBEAT_$Env:CONDA_SHLVL" -Value $Env:CONDA_PREFIX
            } catch { }
        }
    }
}
