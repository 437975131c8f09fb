# anaconda-anon-usage: remove the mark of a level that is left. These scripts also run before a
# reactivation, but then PATH still contains the environment. sh compares, because csh would
# treat the prefix as a pattern.
if ( $?CONDA_SHLVL ) then
  if ( { /bin/sh -c 'case ":$PATH:" in *":$CONDA_PREFIX/bin:"*) exit 1 ;; esac' } ) unsetenv _ANACONDA_HEARTBEAT_$CONDA_SHLVL
endif
