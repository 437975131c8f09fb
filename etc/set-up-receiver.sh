#!/bin/sh
# Set up nginx to receive heartbeats, and a nightly report on them, on Debian.
#
#   sh etc/set-up-receiver.sh
#
# Run it as root in a clone of the repository, and again to update. It keeps configuration files
# that exist. docs/receiving.md says what the parts do, and how to remove them.
set -eu
umask 022
CDPATH="" cd -- "$(dirname -- "$0")/.."

say() {
  printf '%s: %s\n' "${0##*/}" "$1"
}

# Copy a file of etc/ to a place below /etc, unless it is there.
configure() {
  target=/etc/$2
  if [ ! -e "${target}" ]; then
    install -m 644 "etc/$1" "${target}.new"
    mv "${target}.new" "${target}"
    say "wrote ${target}"
  elif ! cmp -s "etc/$1" "${target}"; then
    say "kept ${target}, which differs from etc/$1"
  fi
}

uid=$(id -u)
if [ "${uid}" -ne 0 ]; then
  say 'error: not root' >&2
  exit 1
fi

# shellcheck disable=SC2016  # dpkg-query expands it
installed=$(dpkg-query -W -f '${db:Status-Status}\n' nginx logrotate python3-venv 2>/dev/null |
  grep -cx installed || :)
if [ "${installed}" -ne 3 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -q -y --no-install-recommends nginx logrotate python3-venv
fi

if [ -L /var/log/conda-anon-usage ]; then
  say 'error: /var/log/conda-anon-usage is a symlink' >&2
  exit 1
fi
install -d -o root -g www-data -m 750 /var/log/conda-anon-usage
configure logrotate.d/conda-anon-usage logrotate.d/conda-anon-usage

# Debian's own default server of port 80 makes way, but not a site in its place.
default=/etc/nginx/sites-enabled/default
site=$(readlink -f "${default}" || :)
edited=$(dpkg --verify nginx-common | grep -F /etc/nginx/sites-available/default || :)
server=/etc/nginx/conf.d/heartbeat.conf
new=
removed=
nginx -t -q
[ -e "${server}" ] || new=yes
configure nginx/heartbeat.conf nginx/conf.d/heartbeat.conf
if [ "${site}" = /etc/nginx/sites-available/default ] && [ -z "${edited}" ]; then
  rm "${default}"
  removed=yes
fi
if ! nginx -t -q; then
  [ -z "${new}" ] || rm "${server}"
  [ -z "${removed}" ] || ln -s "${site}" "${default}"
  say 'error: nginx does not accept heartbeat.conf beside its other configuration, which stays' >&2
  exit 1
fi
[ -z "${removed}" ] || say "removed ${default}"

python3 -m venv --clear /opt/aau
/opt/aau/bin/python3 -m pip install --quiet . ./report
say 'installed anaconda-anon-usage and aau-report in /opt/aau'

if ! id aau-report >/dev/null 2>&1; then
  useradd --system --gid www-data --home-dir /nonexistent --shell /usr/sbin/nologin aau-report
  say 'added the user aau-report'
fi
configure systemd/system/aau-report.service systemd/system/aau-report.service
configure systemd/system/aau-report.timer systemd/system/aau-report.timer
systemctl --quiet enable aau-report.timer
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl start aau-report.timer
  systemctl reload-or-restart nginx
  say 'started nginx and aau-report.timer'
else
  say 'systemd is not running: nginx and aau-report.timer start at the next boot'
fi
say 'each night, the report will be written to /var/lib/aau-report/usage.html'
