# anaconda-anon-usage: start the heartbeat launcher, detached. For the parts of the command,
# see anaconda-anon-usage.sh. `exec`: redirects the streams permanently, so sh keeps no
# copies of the original descriptors. `try`: a failure must not end the caller's script.
try {
    if $nu.os-info.name == "windows" {
        # cmd would parse a path, so change to the directory; `do` restores the current one.
        do { cd $"($env.CONDA_PREFIX)/etc/conda/activate.d"; ^$"($env.SystemRoot)/System32/cmd.exe" /d /c .\anaconda-anon-usage.bat }
    } else {
        ^/bin/sh -c 'exec </dev/null >/dev/null 2>&1; trap "" HUP INT QUIT TSTP; . "${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh" &'
    }
}

# Mark this level as counted. No activator that runs this script ever removes the mark.
load-env { $"_ANACONDA_HEARTBEAT_($env.CONDA_SHLVL?)": $"($env.CONDA_PREFIX?)" }
