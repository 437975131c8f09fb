# anaconda-anon-usage: starts the heartbeat launcher, detached; what each token of the line
# for sh is good for is said in anaconda-anon-usage.sh.
#
# Start-Process  does not wait, sets no $LASTEXITCODE and prints nothing. It joins its
#                arguments with spaces, hence the quotes inside of the quotes.
# Hidden         no window; the launcher has a console of its own and none of our handles.
# %CONDA_...%    expanded by cmd, between quotes, so that nothing of the prefix is parsed.
# exec           cuts the streams, also where sh would keep copies of them.
# catch          a failure must not end a script that runs with ErrorActionPreference=Stop.
try {
    if ($Env:OS -eq 'Windows_NT') {
        Start-Process -ErrorAction Stop -WindowStyle Hidden -FilePath "$Env:SystemRoot\System32\cmd.exe" -ArgumentList '/d /v:off /c ""%CONDA_PREFIX%\etc\conda\anon-usage\heartbeat.bat""'
    } else {
        Start-Process -ErrorAction Stop -FilePath /bin/sh -ArgumentList '-c', '"exec </dev/null >/dev/null 2>&1; trap \"\" HUP INT QUIT TSTP; . \"${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh\" &"'
    }
} catch { }

# This level is counted; deactivate.d takes it back.
Set-Item -LiteralPath "Env:_ANACONDA_HEARTBEAT_$Env:CONDA_SHLVL" -Value "$Env:CONDA_PREFIX"
