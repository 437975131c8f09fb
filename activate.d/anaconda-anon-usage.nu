# anaconda-anon-usage: starts the heartbeat launcher, detached. Each token of it has its
# reason in anaconda-anon-usage.sh. `exec`: cuts the streams, also where sh would keep
# copies of them. `try`: a failure must not end a script.
try {
    if $nu.os-info.name == "windows" {
        # From its directory, for cmd would parse a path; `do` takes the cd back.
        do { cd $"($env.CONDA_PREFIX)/etc/conda/activate.d"; ^$"($env.SystemRoot)/System32/cmd.exe" /d /c .\anaconda-anon-usage.bat }
    } else {
        ^/bin/sh -c 'exec </dev/null >/dev/null 2>&1; trap "" HUP INT QUIT TSTP; . "${CONDA_PREFIX:?}/etc/conda/anon-usage/heartbeat.sh" &'
    }
}

# This level is counted. No activator that runs this script takes levels back.
load-env { $"_ANACONDA_HEARTBEAT_($env.CONDA_SHLVL?)": $"($env.CONDA_PREFIX?)" }
