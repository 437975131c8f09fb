# anaconda-anon-usage: start the heartbeat launcher, detached, and do not wait for it.
#
# (... &)      a grandchild: this shell has no job, and does not wait for a program to start.
# \trap        before the &: the launcher survives the terminal, Ctrl-C and Ctrl-Z.
#              The backslash bypasses the user's aliases.
# \setopt      otherwise, zsh resets SIGTSTP at the &; see zsh(1), POSIX_TRAPS.
# /bin/sh      avoids a lookup in PATH, and exits if the launcher is missing.
# :?           without a prefix, /etc/conda/... would be run.
# || :         a failure must not end a `set -e` shell.
# { } >...     on the group, to silence this shell, too, if it cannot fork or if it traces.
# { } 2>&-     silences the redirections themselves: /dev/null or descriptors may be missing.
#
# $-           `conda run` activates base in a shell that is not interactive, and then its
#              target. It passes CONDA_ROOT on, which other shells lack. So base does not
#              count there, unless a second activation at the same level shows that it is
#              the target. conda's own activations, to compile an environment's modules,
#              do not count. They run in the environment's directory.
case $- in
*i*) ;;
*)
  case ${CONDA_ROOT:+${PWD-}} in
  "${CONDA_PREFIX:-no prefix}") \return 0 ;;
  *) ;;
  esac
  case ${CONDA_ROOT-}:${_ANACONDA_HEARTBEAT_RUN-} in
  "${CONDA_PREFIX-}:${CONDA_SHLVL-}") ;;
  "${CONDA_PREFIX-}:"*)
    \export "_ANACONDA_HEARTBEAT_RUN=${CONDA_SHLVL-}"
    \unset "_ANACONDA_HEARTBEAT_${CONDA_SHLVL-}"
    \return 0
    ;;
  *) ;;
  esac
  ;;
esac

{
  {
    (
      case ${ZSH_VERSION-} in ?*) \setopt posix_traps ;; *) ;; esac
      \trap "" HUP INT QUIT TSTP
      /bin/sh -- "${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh" &
    ) || :
  } </dev/null >/dev/null 2>&1
} 2>&- || :

# Mark this level as counted; deactivate.d removes the mark.
\export "_ANACONDA_HEARTBEAT_${CONDA_SHLVL-}=${CONDA_PREFIX-}"
