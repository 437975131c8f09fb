# anaconda-anon-usage: start the heartbeat launcher, detached. For the parts of the command,
# see anaconda-anon-usage.sh. begin ... end: also redirects fish's own messages.
begin
    /bin/sh -c 'trap "" HUP INT QUIT TSTP; . "${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh" &'
    or true
end </dev/null >/dev/null 2>&1

# Mark this level as counted; deactivate.d removes the mark.
set -gx "_ANACONDA_HEARTBEAT_$CONDA_SHLVL" "$CONDA_PREFIX"
