@rem anaconda-anon-usage: a level that is left (PATH has lost the environment) is no longer counted.
@setlocal enabledelayedexpansion
@if "!PATH:%CONDA_PREFIX%\Scripts=!"=="!PATH!" (endlocal & set "_ANACONDA_HEARTBEAT_%CONDA_SHLVL%=")
@exit /b 0
