# anaconda-anon-usage: starts the heartbeat launcher, detached. Each token of it has its
# reason in anaconda-anon-usage.sh.
/bin/sh -c 'trap "" HUP INT QUIT TSTP; . "${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh" &' < /dev/null >& /dev/null

# This level is counted; deactivate.d takes it back. A one-line `if` would expand the
# variables before it tests for them; :q quotes line ends too.
if ( $?CONDA_PREFIX && $?CONDA_SHLVL ) then
  setenv _ANACONDA_HEARTBEAT_$CONDA_SHLVL $CONDA_PREFIX:q
endif
