# anaconda-anon-usage: remove the mark of a level that is left. These scripts also run before a
# reactivation, but then PATH still contains the environment.
contains -- "$CONDA_PREFIX/bin" $PATH
or set -e "_ANACONDA_HEARTBEAT_$CONDA_SHLVL"
# Neither result is an error.
true
