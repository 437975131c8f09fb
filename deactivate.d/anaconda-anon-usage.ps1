# anaconda-anon-usage: remove the mark of a level that is left. These scripts also run before a
# reactivation, but then PATH still holds the environment. For LanguageMode, RemoveAt and the
# cmdlet, see anaconda-anon-usage.ps1 in activate.d. `&` keeps variables local.
& {
    $comparison = [StringComparison]::Ordinal
    if ($Env:OS -eq 'Windows_NT') { $comparison = [StringComparison]::OrdinalIgnoreCase }
    $separator = [IO.Path]::PathSeparator
    # Contains() cannot ignore case in Windows PowerShell 5.1.
    if ("$separator$Env:PATH".IndexOf("$separator$Env:CONDA_PREFIX$([IO.Path]::DirectorySeparatorChar)", $comparison) -ge 0) { return }
    if (-not $ExecutionContext.SessionState.LanguageMode) {
        # $null would become an empty string, which does not remove the variable.
        try { [Environment]::SetEnvironmentVariable("_ANACONDA_HEARTBEAT_$Env:CONDA_SHLVL", [NullString]::Value) } catch { $global:Error.RemoveAt(0) }
    } else {
        $WhatIfPreference = $false
        $ConfirmPreference = 'None'
        $PSDefaultParameterValues = @{}
        $remove = Microsoft.PowerShell.Core\Get-Command -ErrorAction Ignore -CommandType Cmdlet Microsoft.PowerShell.Management\Remove-Item
        if ($remove) { & $remove -ErrorAction Ignore -LiteralPath "Env:_ANACONDA_HEARTBEAT_$Env:CONDA_SHLVL" }
    }
}
