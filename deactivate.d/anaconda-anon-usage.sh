# anaconda-anon-usage: a deactivation (PATH has lost the prefix), not a re-activation.
case ":${PATH-}:" in *":${CONDA_PREFIX-}/bin:"*) ;; *) unset "_ANACONDA_HEARTBEAT_${CONDA_SHLVL-}" ;; esac
