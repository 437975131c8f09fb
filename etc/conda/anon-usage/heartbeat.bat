@rem Decides cheaply whether an activation could mean a heartbeat, and starts Python if so:
@rem heartbeat.sh for cmd.exe, where the reasons are. Programs are named with their
@rem directory, for cmd looks into the current one first.
@echo off
setlocal enabledelayedexpansion
if defined CONDA_BUILD exit /b 0
if defined _ANACONDA_HEARTBEAT_GUARD exit /b 0
if defined CONDA_SHLVL if "!_ANACONDA_HEARTBEAT_%CONDA_SHLVL%!"=="!CONDA_PREFIX!" exit /b 0

rem From here on, an exclamation mark in a path is one.
setlocal disabledelayedexpansion
cd /d "%SystemRoot%"
set "could_be_on=%CONDA_ANACONDA_HEARTBEAT%"
set "base="
set "user="
if defined CONDA_PYTHON_EXE for %%P in ("%CONDA_PYTHON_EXE%") do set "base=%%~dpP."
if defined XDG_CONFIG_HOME set "user=%XDG_CONFIG_HOME%\conda"
for %%D in ("%ProgramData%\conda" "%CONDA_ROOT%" "%base%" "%user%" "%USERPROFILE%\.config\conda" "%USERPROFILE%\.conda" "%CONDA_PREFIX%") do (
  set "directory=%%~D"
  call :look_in_directory
)
for %%F in ("%USERPROFILE%\.condarc" "%CONDARC%") do (
  set "file=%%~F"
  call :look_in_file
)
if defined CONDARC for %%F in ("%CONDARC%\*.yml" "%CONDARC%\*.yaml") do (
  set "file=%%~F"
  call :look_in_file
)
if not defined could_be_on exit /b 0

set "python="
for %%P in ("%CONDA_PREFIX%\python.exe" "%CONDA_PYTHON_EXE%") do if exist "%%~dpPLib\site-packages\anaconda_anon_usage\heartbeat\__main__.py" set "python=%%~P"
if defined python "%python%" -I -m anaconda_anon_usage.heartbeat --activated
exit /b 0

:look_in_directory
if not defined directory exit /b 0
for %%F in ("%directory%\.condarc" "%directory%\condarc" "%directory%\condarc.d\*.yml" "%directory%\condarc.d\*.yaml") do (
  set "file=%%~F"
  call :look_in_file
)
exit /b 0

:look_in_file
if not exist "%file%" exit /b 0
"%SystemRoot%\System32\find.exe" "anaconda_heartbeat" "%file%"
if not errorlevel 1 set "could_be_on=yes"
exit /b 0
