@rem anaconda-anon-usage: remove the mark of a level that is left (PATH no longer contains the environment).
@setlocal enabledelayedexpansion
@if "!PATH:%CONDA_PREFIX%\Scripts=!"=="!PATH!" (endlocal & set "_ANACONDA_HEARTBEAT_%CONDA_SHLVL%=")
@exit /b 0
