# anaconda-anon-usage: start the heartbeat launcher, detached. For the text that /bin/sh gets,
# see anaconda-anon-usage.sh.
#
# LanguageMode     0 is FullLanguage. .NET calls ignore the user's preferences, aliases and
#                  functions, and load no module, but other language modes forbid them.
# $null =          discards the process object, which would be printed.
# UseShellExecute  together with Hidden: no window, and no handle is inherited. CreateNoWindow
#                  needs UseShellExecute = $false, and then the launcher inherits handles.
# %CONDA_PREFIX%   cmd expands it between quotes, so that nothing in the prefix is parsed.
#                  /v:off: an exclamation mark in it is literal. /d: no AutoRun command.
# exec             redirects the streams permanently, so sh keeps no copies of the original
#                  descriptors.
# return           leaves this file only. Without SystemRoot, another cmd.exe might be run.
# RemoveAt         `catch` does not remove the error from $Error. conda runs this in a module, where
#                  $Error without `global:` is a list of the module.
if ($Env:CONDA_PREFIX) {
    if (-not $ExecutionContext.SessionState.LanguageMode) {
        try {
            if ($Env:OS -ne 'Windows_NT') {
                $null = [Diagnostics.Process]::Start('/bin/sh', '-c "exec </dev/null >/dev/null 2>&1; trap \"\" HUP INT QUIT TSTP; . \"${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh\" &"')
            } elseif ($Env:SystemRoot) {
                $null = [Diagnostics.Process]::Start([Diagnostics.ProcessStartInfo] @{ FileName = "$Env:SystemRoot\System32\cmd.exe"; Arguments = '/d /v:off /c ""%CONDA_PREFIX%\etc\conda\anon-usage\heartbeat.bat""'; UseShellExecute = $true; WindowStyle = 'Hidden' })
            } else { return }
            # Mark this level as counted; deactivate.d removes the mark.
            [Environment]::SetEnvironmentVariable("_ANACONDA_HEARTBEAT_$Env:CONDA_SHLVL", $Env:CONDA_PREFIX)
        } catch { $global:Error.RemoveAt(0) }
    } else {
        # The same with cmdlets. `&` keeps variables local, which is also how to override
        # preferences: Start-Process of Windows PowerShell 5.1 has no -WhatIf and no -Confirm.
        & {
            $WhatIfPreference = $false
            $ConfirmPreference = 'None'
            $PSDefaultParameterValues = @{}
            # Cmdlets, not the user's aliases or functions. Nothing is found if the module is
            # not loaded and PowerShell may not load it.
            $start, $set, $test = Microsoft.PowerShell.Core\Get-Command -ErrorAction Ignore -CommandType Cmdlet 'Microsoft.PowerShell.Management\Start-Process', 'Microsoft.PowerShell.Management\Set-Item', 'Microsoft.PowerShell.Management\Test-Path'
            if (-not $test) { return }
            # -ErrorAction Ignore keeps errors out of $Error, unless the program is missing.
            try {
                if ($Env:OS -ne 'Windows_NT') {
                    & $start -ErrorAction Ignore /bin/sh '-c "exec </dev/null >/dev/null 2>&1; trap \"\" HUP INT QUIT TSTP; . \"${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh\" &"'
                } elseif ($Env:SystemRoot -and (& $test -ErrorAction Ignore -LiteralPath "$Env:SystemRoot\System32\cmd.exe")) {
                    # The default, the current directory, is a wildcard pattern to 5.1.
                    & $start -ErrorAction Ignore -WindowStyle Hidden -WorkingDirectory $Env:SystemRoot "$Env:SystemRoot\System32\cmd.exe" '/d /v:off /c ""%CONDA_PREFIX%\etc\conda\anon-usage\heartbeat.bat""'
                } else { return }
                & $set -ErrorAction Ignore -LiteralPath "Env:_ANACONDA_HEARTBEAT_$Env:CONDA_SHLVL" -Value $Env:CONDA_PREFIX
            } catch { }
        }
    }
}
