@rem Decide whether this activation could send a heartbeat, and start Python if it could.
@rem This is heartbeat.sh for cmd.exe. It follows the same rules; see there for the reasons.
@rem Only builtins run until the answer is yes.
@echo off
setlocal enabledelayedexpansion
if defined CONDA_BUILD exit /b 0
if defined _ANACONDA_HEARTBEAT_GUARD exit /b 0
if defined CONDA_SHLVL if /i "!_ANACONDA_HEARTBEAT_%CONDA_SHLVL%!"=="!CONDA_PREFIX!" exit /b 0

rem From here on, exclamation marks in paths and files are literal.
setlocal disabledelayedexpansion
cd /d "%SystemRoot%"
set "answer="
set "required="
rem Lines that edit a variable are called, because cmd misreads them if it is undefined.
if defined DO_NOT_TRACK call :look_at_do_not_track

set "user="
if defined XDG_CONFIG_HOME set "user=%XDG_CONFIG_HOME%\conda"
rem base contains conda's programs, or the directory that does. Modifier dp leaves a trailing
rem backslash, so one more dot is the directory itself and two dots are its parent.
set "python_directory="
set "conda_directory="
set "conda_parent="
if defined CONDA_PYTHON_EXE for %%P in ("%CONDA_PYTHON_EXE%") do set "python_directory=%%~dpP."
if defined CONDA_EXE for %%P in ("%CONDA_EXE%") do set "conda_directory=%%~dpP."
if defined CONDA_EXE set "conda_parent=%conda_directory%."
for %%D in ("C:\ProgramData\conda" "%CONDA_ROOT%" "%python_directory%" "%conda_directory%" "%conda_parent%" "%user%" "%USERPROFILE%\.config\conda" "%USERPROFILE%\.conda" "%CONDA_PREFIX%") do (
  set "directory=%%~D"
  call :look_in_directory
)
set "place=%USERPROFILE%\.condarc"
call :look_at_place
if defined CONDARC call :look_at_condarc
set "found="
set "anchors="
if not defined required if defined CONDA_ANACONDA_HEARTBEAT call :look_at_variable
if not defined answer exit /b 0

rem The last one wins: base's Python, if it has the package. cmd does not wait for `start`.
set "python="
for %%P in ("%CONDA_PREFIX%\python.exe" "%CONDA_PYTHON_EXE%") do if exist "%%~dpPLib\site-packages\anaconda_anon_usage\heartbeat\activated.py" if exist "%%~P" set "python=%%~P"
if defined python start "" /b /belownormal "%python%" -I -m anaconda_anon_usage.heartbeat.activated
exit /b 0

rem The subroutines remove quotes from text before they expand it between quotes. Otherwise
rem a quote in it would end the outer ones, and the rest could run as a command.

:look_at_do_not_track
set "word="
for /f "tokens=1" %%W in ("%DO_NOT_TRACK:"=%") do set "word=%%W"
if not defined word exit /b 0
if "%word%"=="0" exit /b 0
if /i "%word%"=="false" exit /b 0
set "required=final"
exit /b 0

:look_in_directory
if defined answer exit /b 0
if not defined directory exit /b 0
if not exist "%directory%\" exit /b 0
for %%F in ("%directory%\.condarc" "%directory%\condarc" "%directory%\condarc.d") do (
  set "place=%%~F"
  call :look_at_place
)
exit /b 0

:look_at_condarc
set "place=%CONDARC%"
if "%CONDARC:~0,1%"=="~" set "place=%USERPROFILE%%CONDARC:~1%"

rem place is an entry of the search path: a file or a directory.
:look_at_place
for %%F in ("%place%" "%place%\*.yml" "%place%\*.yaml") do (
  set "file=%%~F"
  call :look_in_file
)
exit /b 0

:look_in_file
if defined answer exit /b 0
if not exist "%file%" exit /b 0
for %%F in ("%file%") do set "attributes=%%~aF"
if "%attributes:~0,1%"=="d" exit /b 0
rem Python does not read larger files.
for %%F in ("%file%") do if %%~zF gtr 262144 exit /b 0
set "found="
set "anchors="
for /f "usebackq delims=" %%L in ("%file%") do (
  set "line=%%L"
  call :look_in_line
)
exit /b 0

:look_at_variable
set "line=anaconda_heartbeat: %CONDA_ANACONDA_HEARTBEAT:"=%"
goto look_in_line

rem found: a line could switch the heartbeat on. answer: so it could, and that line or a
rem later one contains what is required.
:look_in_line
if defined answer exit /b 0
set "bare=%line:"=%"
if not defined bare exit /b 0
if defined found goto look_for_required
set "word="
for /f "tokens=1" %%W in ("%bare%") do set "word=%%W"
if not defined word exit /b 0
rem A carriage return inside a comment ends it. Percent expansion has removed it from bare,
rem so bare and line differ then, or if the line has quotes.
setlocal enabledelayedexpansion
set "changed=yes"
if "!bare!"=="!line!" set "changed="
endlocal & set "changed=%changed%"
if not defined changed if "%word:~0,1%"=="#" exit /b 0
rem Escapes occur only in quoted text. They can hide the name or the value.
if defined changed for /f "delims=\" %%C in ("%bare%") do if not "%%C"=="%bare%" goto found
rem A name with an anchor can be used elsewhere by its alias.
for /f "delims=&" %%C in ("%bare%") do if not "%%C"=="%bare%" set "anchors=yes"
:look_for_name
set "rest=%bare:*anaconda_heartbeat=%"
if "%rest%"=="%bare%" exit /b 0
if defined anchors goto found
if not defined rest goto found
set "word="
rem The delimiters are an apostrophe, a tab and a space.
for /f "tokens=1 delims='	 " %%W in ("%rest%") do set "word=%%W"
if not defined word goto found
if not "%word:~0,1%"==":" goto found
set "word="
for /f "tokens=1 delims=:',}]	 " %%W in ("%rest%") do set "word=%%W"
if not defined word goto found
for %%W in (true yes on y 1 http https) do if /i "%word%"=="%%W" goto found
rem Anything but a plain value, a list or a map: anchors, aliases, tags, blocks, comments.
for /f "delims=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789~-[{" %%C in ("%word:~0,1%") do goto found
set "bare=%rest%"
goto look_for_name

:found
set "found=yes"
set "bare=%line:"=%"
:look_for_required
if not defined required set "answer=yes"
if not "%bare:final=%"=="%bare%" set "answer=yes"
exit /b 0
