# anaconda-anon-usage: stop counting a level that is left. These scripts also run before a
# re-activation, but then PATH still holds the environment. anaconda-anon-usage.ps1 in
# activate.d has the reasons for each branch; `&` keeps the variables local.
& {
    $comparison = [StringComparison]::Ordinal
    if ($Env:OS -eq 'Windows_NT') { $comparison = [StringComparison]::OrdinalIgnoreCase }
    $separator = [IO.Path]::PathSeparator
    # Contains() can't ignore case in Windows PowerShell 5.1.
    if ("$separator$Env:PATH".IndexOf("$separator$Env:CONDA_PREFIX$([IO.Path]::DirectorySeparatorChar)", $comparison) -ge 0) { return }
    if (-not $ExecutionContext.SessionState.LanguageMode) {
        # NullString: $null would become an empty string, and the variable would stay.
        try { [Environment]::SetEnvironmentVariable("_ANACONDA_HEARTBEAT_$Env:CONDA_SHLVL", [NullString]::Value) } catch { $Error.RemoveAt(0) }
    } else {
        $WhatIfPreference = $false
        $ConfirmPreference = 'None'
        $PSDefaultParameterValues = @{}
        $remove = Microsoft.PowerShell.Core\Get-Command -ErrorAction Ignore -CommandType Cmdlet Microsoft.PowerShell.Management\Remove-Item
        if ($remove) { & $remove -ErrorAction Ignore -LiteralPath "Env:_ANACONDA_HEARTBEAT_$Env:CONDA_SHLVL" }
    }
}
