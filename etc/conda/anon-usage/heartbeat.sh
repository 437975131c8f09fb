# Decides cheaply whether an activation could mean a heartbeat, and starts Python if so.
#
# Run by /bin/sh in the background, started by etc/conda/activate.d/anaconda-anon-usage.*
# of the environment that was activated. It may say yes too often, never too rarely:
# Python reads the configuration properly. Builtins only, so that a heartbeat that is off
# starts no program; nothing is printed, since all streams are /dev/null.

# Locks and pipes of the caller's must not stay held here. A shell can name no more than
# these; Python closes the rest.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-

# Started by a zsh, this one signal has come back.
trap "" TSTP

# An exported SHELLOPTS reaches a bash that is called sh.
set +efu
unset IFS

# Do not keep the caller's directory busy. `command`, for the same bash would run an
# exported function of that name.
command cd / || exit 0

prefix=${CONDA_PREFIX:?}
base_python=${CONDA_PYTHON_EXE-}
case ${base_python} in
/*) ;;
*) base_python= ;; # never what the current directory holds
esac
base=${base_python%/bin/*}

# Builds activate their environments too, and so does conda itself while it installs.
case ${CONDA_BUILD-}${_ANACONDA_HEARTBEAT_GUARD-} in
'') ;;
*) exit 0 ;;
esac

# This level was counted when it was activated: `conda install` and `conda deactivate`
# run the activation scripts again. The stub sets the variable after it has started us.
counted=
case ${CONDA_SHLVL-} in
*[!0-9]*) ;;
*) eval "counted=\${_ANACONDA_HEARTBEAT_${CONDA_SHLVL}-}" ;;
esac
[ "${counted}" = "${prefix}" ] && exit 0

# Whether $1, which follows the setting's name, is anything but a plain no.
could_be_on() {
  value=$1
  while :; do
    case ${value} in
    [\"\':\ ]*) value=${value#?} ;;
    *) break ;;
    esac
  done
  case ${value} in
  [Ff]alse* | FALSE* | [Nn]o* | NO* | [Oo]ff* | OFF*) return 1 ;;
  *) return 0 ;;
  esac
}

# Whether one of the files has a line that could switch the heartbeat on.
mentioned_in() {
  for file in "$@"; do
    # Not a pipe, which would wait; readable, or some shells end here.
    [ -f "${file}" ] && [ -r "${file}" ] || continue
    while read -r line || [ -n "${line}" ]; do
      case ${line} in
      '#'*) ;;
      *anaconda_heartbeat*) could_be_on "${line#*anaconda_heartbeat}" && return 0 ;;
      *) ;;
      esac
    done <"${file}"
  done
  return 1
}

# conda's search path (conda/base/constants.py), its order does not matter here.
mentioned() {
  [ -n "${CONDA_ANACONDA_HEARTBEAT+set}" ] && could_be_on "${CONDA_ANACONDA_HEARTBEAT}" && return 0
  for directory in /etc/conda /var/lib/conda "${CONDA_ROOT-}" "${base}" \
    ${XDG_CONFIG_HOME:+"${XDG_CONFIG_HOME}/conda"} \
    ${HOME:+"${HOME}/.config/conda" "${HOME}/.conda"} "${prefix}"; do
    case ${directory} in
    /*) ;;
    *) continue ;; # unset, or relative to whatever directory this is
    esac
    mentioned_in "${directory}/.condarc" "${directory}/condarc" \
      "${directory}"/condarc.d/*.yml "${directory}"/condarc.d/*.yaml && return 0
  done
  [ -n "${HOME-}" ] && mentioned_in "${HOME}/.condarc" && return 0
  condarc=${CONDARC-}
  # shellcheck disable=SC2088  # conda expands the tilde, the shell must not
  case ${condarc} in
  '~/'*) condarc=${HOME-}/${condarc#'~/'} ;;
  *) ;;
  esac
  case ${condarc} in
  /*) mentioned_in "${condarc}" "${condarc}"/*.yml "${condarc}"/*.yaml ;;
  *) return 1 ;; # none, or relative
  esac
}

# In a subshell, whose limits are its own: 2 seconds of processor time and 100 MB of
# memory are plenty for every configuration that conda itself could read. What goes beyond
# is ended by the kernel, which would leave a core file.
# shellcheck disable=SC3045  # not in POSIX of 2017, but in every sh
(
  ulimit -S -c 0
  ulimit -S -t 2
  ulimit -S -d 100000
  mentioned
) || exit 0

# With more programs that want to run than 32 for each processor, a heartbeat would not be
# in time, and in the way. Only Linux can be asked that with builtins (proc(5)).
overloaded() {
  read -r _ _ _ programs _ </proc/loadavg || return 1
  set -- /sys/devices/system/cpu/cpu[0-9]*
  [ "${programs%/*}" -gt "$((32 * $#))" ]
}
overloaded && exit 0

# Become a program, behind everything that the user waits for.
become() {
  for nice in /usr/bin/nice /bin/nice; do
    [ -x "${nice}" ] && exec "${nice}" -n 5 "$@"
  done
  exec "$@"
}

# Base's Python first, for it is the one that every environment has. Isolated (-I), so that
# nothing in the current directory, the user's site or PYTHON variables is run.
for home in ${base:+"${base}"} "${prefix}"; do
  python=${home}/bin/python
  [ "${home}" = "${base}" ] && python=${base_python}
  [ -x "${python}" ] || continue
  for module in "${home}"/lib/python3*/site-packages/anaconda_anon_usage/heartbeat/__main__.py; do
    [ -f "${module}" ] && become "${python}" -I -m anaconda_anon_usage.heartbeat --activated
  done
done
