# anaconda-anon-usage: a level that is left is no longer counted. These scripts also run
# before a re-activation, but then PATH still holds the environment.
if (-not "$([IO.Path]::PathSeparator)$Env:PATH".Contains("$([IO.Path]::PathSeparator)$Env:CONDA_PREFIX$([IO.Path]::DirectorySeparatorChar)")) {
    Remove-Item -ErrorAction Ignore -LiteralPath "Env:_ANACONDA_HEARTBEAT_$Env:CONDA_SHLVL"
}
