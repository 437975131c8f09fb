# anaconda-anon-usage: starts the heartbeat launcher, detached, and lets go of it at once.
#
# /bin/sh      one child, gone at once: the & happens in it, so this shell has no job. In
#              single quotes, so that nothing of the prefix is parsed by this shell.
# trap         before the &: the launcher outlives the terminal, and a Ctrl-C or Ctrl-Z at it.
# .            a missing launcher ends the child; nothing is looked up in PATH.
# :?           without a prefix, /etc/conda/... would be run.
# || :         a failure must not end a `set -e` shell.
# { } >...     on the group: also silences this shell where it can't fork, or traces.
# { } 2>&-     the same for the redirections themselves: /dev/null or descriptors may lack.
{ { /bin/sh -c 'trap "" HUP INT QUIT TSTP; . "${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh" &' || :; } </dev/null >/dev/null 2>&1; } 2>&- || :

# This level is counted; deactivate.d takes it back. Backslash: not the user's alias.
\export "_ANACONDA_HEARTBEAT_${CONDA_SHLVL-}=${CONDA_PREFIX-}"
