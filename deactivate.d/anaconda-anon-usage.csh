# anaconda-anon-usage: a level that is left is no longer counted. These scripts also run
# before a re-activation, but then PATH still holds the environment. sh compares, because
# csh would take the prefix for a pattern.
if ( $?CONDA_SHLVL ) then
  if ( { /bin/sh -c 'case ":$PATH:" in *":$CONDA_PREFIX/bin:"*) exit 1 ;; esac' } ) unsetenv _ANACONDA_HEARTBEAT_$CONDA_SHLVL
endif
