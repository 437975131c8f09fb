@rem anaconda-anon-usage: starts the heartbeat launcher, detached. From its directory, for `start` would parse a path; exit 0, or conda gives up.
@if exist "%CONDA_PREFIX%\etc\conda\anon-usage\heartbeat.bat" start "" /b /d "%CONDA_PREFIX%\etc\conda\anon-usage" "%SystemRoot%\System32\cmd.exe" /d /c .\heartbeat.bat <nul >nul 2>&1
@set "_ANACONDA_HEARTBEAT_%CONDA_SHLVL%=%CONDA_PREFIX%"
@exit /b 0
