# anaconda-anon-usage: a level that is left is no longer counted. These scripts also run
# before a re-activation, but then PATH still holds the environment.
contains -- "$CONDA_PREFIX/bin" $PATH
or set -e "_ANACONDA_HEARTBEAT_$CONDA_SHLVL"
# Neither answer is a failure.
true
