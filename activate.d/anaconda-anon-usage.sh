# anaconda-anon-usage: starts the heartbeat launcher, detached, and lets go of it at once.
#
# (... &)      a child of a child: this shell has no job, and waits for no program to start.
# \trap        before the &: the launcher outlives the terminal, and a Ctrl-C or Ctrl-Z at it.
#              Backslash: not the user's alias.
# \setopt      or zsh would take that back at the &.
# /bin/sh      nothing is looked up in PATH; a missing launcher ends it.
# :?           without a prefix, /etc/conda/... would be run.
# || :         a failure must not end a `set -e` shell.
# { } >...     on the group: also silences this shell where it can't fork, or traces.
# { } 2>&-     the same for the redirections themselves: /dev/null or descriptors may lack.
{
  {
    (
      case ${ZSH_VERSION-} in ?*) \setopt posix_traps ;; *) ;; esac
      \trap "" HUP INT QUIT TSTP
      /bin/sh -- "${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh" &
    ) || :
  } </dev/null >/dev/null 2>&1
} 2>&- || :

# This level is counted; deactivate.d takes it back.
\export "_ANACONDA_HEARTBEAT_${CONDA_SHLVL-}=${CONDA_PREFIX-}"
