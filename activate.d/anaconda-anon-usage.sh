# anaconda-anon-usage: starts the heartbeat launcher, detached, and lets go of it at once.
{ /bin/sh -c 'trap "" HUP INT QUIT TSTP; . "${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh" &' || :; } </dev/null >/dev/null 2>&1
export "_ANACONDA_HEARTBEAT_${CONDA_SHLVL-}=${CONDA_PREFIX-}"
