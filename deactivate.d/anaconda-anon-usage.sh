# anaconda-anon-usage: remove the mark of a level that is left. These scripts also run before a
# reactivation, but then PATH still holds the environment.
#
# In Git Bash, CONDA_PREFIX is C:\..., PATH holds /c/..., and letter case does not matter.
# The subshell keeps its variables to itself; zsh may warn about them on stderr.
case ${CONDA_PREFIX-} in
[A-Za-z]:[\\/]*)
  (
    left=":${PATH-}: ${CONDA_PREFIX}"
    for pair in '\/' Aa Bb Cc Dd Ee Ff Gg Hh Ii Jj Kk Ll Mm Nn Oo Pp Qq Rr Ss Tt Uu Vv Ww Xx Yy Zz; do
      text=
      while :; do
        case ${left} in
        *"${pair%?}"*) text=${text}${left%%"${pair%?}"*}${pair#?} left=${left#*"${pair%?}"} ;;
        *) break ;;
        esac
      done
      left=${text}${left}
    done
    prefix=${left##*: }
    case ${left%: *}: in
    *[:\;]"${prefix}/scripts"[:\;]* | *[:\;]"/${prefix%%:*}${prefix#?:}/scripts"[:\;]*) ;;
    *) exit 1 ;;
    esac
  ) 2>/dev/null || \unset "_ANACONDA_HEARTBEAT_${CONDA_SHLVL-}"
  ;;
*)
  case ":${PATH-}:" in
  *":${CONDA_PREFIX-}/bin:"*) ;;
  *) \unset "_ANACONDA_HEARTBEAT_${CONDA_SHLVL-}" ;;
  esac
  ;;
esac
