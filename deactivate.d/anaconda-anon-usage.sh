# anaconda-anon-usage: a level that is left is no longer counted. These scripts also run
# before a re-activation, but then PATH still holds the environment.
case ":${PATH-}:" in *":${CONDA_PREFIX-}/bin:"*) ;; *) \unset "_ANACONDA_HEARTBEAT_${CONDA_SHLVL-}" ;; esac
