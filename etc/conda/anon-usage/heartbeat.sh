# Decide whether this activation could send a heartbeat, and start Python if it could.
#
# etc/conda/activate.d/anaconda-anon-usage.* runs this file with /bin/sh, in the
# background, with stdin, stdout and stderr on /dev/null. Python reads the configuration
# properly and decides. So an unnecessary yes only costs time, but a wrong no would lose
# heartbeats. Only builtins run until the answer is yes.

# Release locks and pipes of the caller. A shell cannot name descriptors above 9; Python
# closes those.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-

# zsh resets SIGTSTP at `&`.
trap "" TSTP

# bash takes options from SHELLOPTS and BASHOPTS, even as sh, and GLOBIGNORE hides files.
# With failglob, a pattern without a match aborts the command that it is in.
set +efu
unset IFS GLOBIGNORE
# shellcheck disable=SC3044  # not in POSIX, but only bash gets there
case ${BASH_VERSION-} in
'') ;;
*) shopt -u failglob ;;
esac

# Do not keep the caller's directory busy. `command` bypasses an exported function `cd`.
command cd / || exit 0

prefix=${CONDA_PREFIX:?}
# In Git Bash, CONDA_PREFIX is a Windows path, and conda does not use HOME.
case ${prefix} in
/*)
  home=${HOME-} home_is_set=${HOME+yes}
  system='/etc/conda /var/lib/conda'
  ;;
[A-Za-z]:[\\/]*)
  home=${USERPROFILE-} home_is_set=${USERPROFILE+yes}
  system='C:/ProgramData/conda'
  ;;
*) exit 0 ;; # relative
esac

# Builds activate environments too, and so does conda while it installs packages.
case ${CONDA_BUILD-}${_ANACONDA_HEARTBEAT_GUARD-} in
'') ;;
*) exit 0 ;;
esac

# `conda install` and `conda deactivate` run activation scripts again. The script sets this
# variable once it has started the launcher, so only a later run sees it.
counted=
case ${CONDA_SHLVL-} in
*[!0-9]*) ;;
*) eval "counted=\${_ANACONDA_HEARTBEAT_${CONDA_SHLVL}-}" ;;
esac
[ "${counted}" = "${prefix}" ] && exit 0

is_absolute() {
  case $1 in
  /* | [A-Za-z]:[\\/]*) return 0 ;;
  *) return 1 ;;
  esac
}

# could_be_on VALUE: whether VALUE could switch the heartbeat on. Only its first line is
# known; an empty one could, because YAML continues it on the next line.
could_be_on() {
  value=$1
  while :; do
    case ${value} in
    \"\"* | "''"*) return 1 ;; # an empty string
    [\"\'[:blank:]]*) value=${value#?} ;;
    *) break ;;
    esac
  done
  case ${value} in
  '') return 0 ;;
  [\&*!\|\>\#\\]*) return 0 ;; # an anchor, an alias, a tag, a block, a comment, an escape
  [!!-~]*) return 0 ;;         # a carriage return, or Unicode whitespace, which Python strips
  *) ;;
  esac
  case ${value%%[!A-Za-z0-9]*} in
  [Tt][Rr][Uu][Ee] | [Yy][Ee][Ss] | [Oo][Nn] | [Yy] | 1 | [Hh][Tt][Tt][Pp]*) return 0 ;;
  *) return 1 ;;
  esac
}

# line_could LINE: whether LINE, without leading blanks, could switch the heartbeat on.
line_could() {
  case $1 in
  '#'*)
    # YAML ends a comment at a carriage return and at U+0085, too. Only one at the end of
    # the line is harmless.
    case ${1%[[:cntrl:]]} in
    *[![:blank:]!-~]*) ;;
    *) return 1 ;;
    esac
    ;;
  *) ;;
  esac
  case $1 in
  *\"*\\*) return 0 ;; # "\x61naconda_heartbeat": true
  *\&*) anchors=yes ;; # &name anaconda_heartbeat, and later *name : true
  *) ;;
  esac
  rest=$1
  while :; do
    case ${rest} in
    *anaconda_heartbeat*) rest=${rest#*anaconda_heartbeat} ;;
    *) return 1 ;;
    esac
    [ -n "${anchors}" ] && return 0
    key_end=${rest}
    while :; do
      case ${key_end} in
      [\"\'[:blank:]]*) key_end=${key_end#?} ;;
      :*) break ;;
      *) return 0 ;; # an explicit key (?), for example, has its colon on the next line
      esac
    done
    could_be_on "${key_end#:}" && return 0
  done
}

# Python does not read files above 256 KB.
is_small() {
  size=0
  while IFS= read -r line; do
    size=$((size + ${#line} + 1))
  done <"$1"
  [ "$((size + ${#line}))" -le 262144 ]
}

# files_could FILE...: whether a line of a file could switch the heartbeat on, and that line
# or a later one contains ${required}.
files_could() {
  for file in "$@"; do
    # Reading a FIFO could block. Some shells exit if they cannot open a file.
    [ -f "${file}" ] && [ -r "${file}" ] || continue
    found=
    anchors=
    # shellcheck disable=SC2094  # is_small only reads
    while read -r line || [ -n "${line}" ]; do
      case ${line} in
      *anaconda_heartbeat* | *\"*\\* | *\&*) line_could "${line}" && found=yes ;;
      *) ;;
      esac
      case ${found}${line} in
      yes*"${required}"*)
        is_small "${file}" && return 0
        break
        ;;
      *) ;;
      esac
    done <"${file}"
  done
  return 1
}

# places_could PATH...: the same for entries of conda's search path, which can be
# directories, whatever their names.
places_could() {
  for place in "$@"; do
    if [ -d "${place}" ]; then
      files_could "${place}"/*.yml "${place}"/*.yaml "${place}"/.*yml "${place}"/.*yaml && return 0
    else
      files_could "${place}" && return 0
    fi
  done
  return 1
}

# Whether a file of conda's search path (conda/base/constants.py) could switch the heartbeat
# on. Their order is left to Python.
configuration_could() {
  # shellcheck disable=SC2086  # to be split
  set -- ${system} "${home}/.config/conda" "${home}/.conda" "${prefix}" \
    "${CONDA_ROOT-}" ${XDG_CONFIG_HOME:+"${XDG_CONFIG_HOME}/conda"}
  # base contains conda's programs, or the directory that does.
  base=
  for program in "${CONDA_PYTHON_EXE-}" "${CONDA_EXE-}"; do
    directory=${program%[\\/]*}
    case ${directory##*[\\/]} in
    [Bb][Ii][Nn] | [Ss][Cc][Rr][Ii][Pp][Tt][Ss] | [Cc][Oo][Nn][Dd][Aa][Bb][Ii][Nn])
      directory=${directory%[\\/]*}
      ;;
    *) ;;
    esac
    [ "${directory}" = "${base}" ] || set -- "$@" "${directory}"
    base=${directory}
  done
  for directory in "$@"; do
    is_absolute "${directory}" && [ -d "${directory}" ] || continue
    places_could "${directory}/.condarc" "${directory}/condarc" "${directory}/condarc.d" && return 0
  done
  is_absolute "${home}/" && places_could "${home}/.condarc" && return 0
  condarc=${CONDARC-}
  case ${condarc} in
  '~' | '~'[\\/]*) condarc=${home}${condarc#'~'} ;;
  '~'*) return 0 ;; # the home of another user, which only Python can look up
  *) ;;
  esac
  is_absolute "${condarc}" && places_could "${condarc}"
}

# DO_NOT_TRACK yields only to an administrator's `#!final`. Python strips blanks.
required=
case ${DO_NOT_TRACK-} in
'' | 0 | [Ff][Aa][Ll][Ss][Ee] | *[!!-~]*) ;;
*) required=final ;;
esac

# The subshell keeps these limits and all changes to itself. Two seconds of processor time
# and 100 MB are enough for what Python can read within its deadline. The kernel kills a process
# that exceeds them; it must not dump core. `set` lists the variables, one per line.
# shellcheck disable=SC3045  # not in POSIX of 2017, but in every sh
answer=$(
  ulimit -S -c 0
  ulimit -S -t 2
  ulimit -S -d 100000
  LC_ALL=C # bytes, not characters
  # Without HOME, only Python can look up the home directory.
  if [ -z "${home_is_set}${required}" ] || configuration_could; then
    echo yes
  elif [ -z "${required}" ]; then
    set
  fi
)

# conda ignores the case of the variable's name after CONDA_, Windows that of all of it.
set -f
IFS='
'
for variable in ${answer}; do
  case ${variable} in
  [Cc][Oo][Nn][Dd][Aa]_[Aa][Nn][Aa][Cc][Oo][Nn][Dd][Aa]_[Hh][Ee][Aa][Rr][Tt][Bb][Ee][Aa][Tt]=*)
    eval "value=\${${variable%%=*}-}"
    case ${value} in
    *[![:blank:]]*) could_be_on "${value}" && answer=yes ;;
    *) ;;
    esac
    ;;
  *) ;;
  esac
done
set +f
unset IFS
[ "${answer}" = yes ] || exit 0

# With more than 32 runnable processes per CPU, a heartbeat would miss its deadline and
# slow down the others. Only Linux tells without a program; see proc(5).
is_overloaded() {
  read -r _ _ _ processes _ </proc/loadavg || return 1
  set -- /sys/devices/system/cpu/cpu[0-9]*
  [ "${processes%/*}" -gt "$((32 * $#))" ]
}
is_overloaded && exit 0

# Become a program of low priority.
become() {
  for nice in /usr/bin/nice /bin/nice; do
    [ -x "${nice}" ] && exec "${nice}" -n 5 "$@"
  done
  exec "$@"
}

# Prefer base's Python, because one update of base then serves all environments. Versions
# 0.7 and 0.8 of the package lack activated.py. -I keeps the current directory, the user's
# site-packages and PYTHON* variables out.
for python in "${CONDA_PYTHON_EXE-}" "${prefix}/bin/python" "${prefix}/python.exe"; do
  is_absolute "${python}" && [ -x "${python}" ] || continue
  home=${python%[\\/]*}
  home=${home%/bin}
  for module in "${home}"/lib/python3*/site-packages/anaconda_anon_usage/heartbeat/activated.py \
    "${home}/Lib/site-packages/anaconda_anon_usage/heartbeat/activated.py"; do
    [ -f "${module}" ] && become "${python}" -I -m anaconda_anon_usage.heartbeat.activated
  done
done
