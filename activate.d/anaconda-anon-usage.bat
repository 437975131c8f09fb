@rem anaconda-anon-usage: start the heartbeat launcher, detached, from its directory, because `start` would parse a path. conda aborts unless this exits with 0.
@if exist "%CONDA_PREFIX%\etc\conda\anon-usage\heartbeat.bat" start "" /b /d "%CONDA_PREFIX%\etc\conda\anon-usage" "%SystemRoot%\System32\cmd.exe" /d /c .\heartbeat.bat <nul >nul 2>&1
@set "_ANACONDA_HEARTBEAT_%CONDA_SHLVL%=%CONDA_PREFIX%"
@exit /b 0
