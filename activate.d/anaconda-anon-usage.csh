# anaconda-anon-usage: start the heartbeat launcher, detached. For the parts of the command,
# see anaconda-anon-usage.sh. csh has no trap, so sh ignores the signals. As a grandchild,
# it is not a job of this shell, which does not wait for a program to start.
( /bin/sh -c 'trap "" HUP INT QUIT TSTP; . "${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh"' & ) < /dev/null >& /dev/null

# Mark this level as counted; deactivate.d removes the mark. A one-line `if` would expand the
# variables before the test. :q also quotes line breaks.
if ( $?CONDA_PREFIX && $?CONDA_SHLVL ) then
  setenv _ANACONDA_HEARTBEAT_$CONDA_SHLVL $CONDA_PREFIX:q
endif
