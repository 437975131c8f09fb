# anaconda-anon-usage: starts the heartbeat launcher, detached. Each token's reason is in
# anaconda-anon-usage.sh. begin ... end: the redirections hold for fish's own messages too.
begin
    /bin/sh -c 'trap "" HUP INT QUIT TSTP; . "${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh" &'
    or true
end </dev/null >/dev/null 2>&1

# This level is counted; deactivate.d takes it back.
set -gx "_ANACONDA_HEARTBEAT_$CONDA_SHLVL" "$CONDA_PREFIX"
