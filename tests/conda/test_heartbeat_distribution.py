"""The Linux distribution in a User-Agent is the one that the library distro finds for conda."""

from __future__ import annotations

import json
import subprocess

import pytest

from anaconda_anon_usage.heartbeat.user_agent import _linux

CODE = """\
import distro, json, sys
found = distro.LinuxDistribution(root_dir=sys.argv[1], include_lsb=False, include_uname=False)
print(json.dumps([found.id(), found.version(best=True)]))
"""

CENTOS = {
    "etc/os-release": 'NAME="CentOS Linux"\nID="centos"\nVERSION_ID="7"\nID_LIKE="rhel fedora"\n',
    "etc/centos-release": "CentOS Linux release 7.9.2009 (Core)\n",
}
DEBIAN = {
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
    "etc/debian_version": "12.11\n",
}
TESTING = {
    "etc/os-release": "PRETTY_NAME='Debian GNU/Linux trixie/sid'\nID=debian\n",
    "etc/debian_version": "trixie/sid\n",
}
UBUNTU = {
    "usr/lib/os-release": (
        'PRETTY_NAME="Ubuntu 22.04.3 LTS"\nVERSION="22.04.3 LTS (Jammy Jellyfish)"\n\n'
        '# comment\nVERSION_ID="22.04"\nID=ubuntu\nID_LIKE=debian\n'
    ),
    "etc/debian_version": "bookworm/sid\n",
}


@pytest.mark.parametrize(
    "files, expected",
    [
        (CENTOS, ["centos", "7.9.2009"]),
        (DEBIAN, ["debian", "12.11"]),
        (TESTING, ["debian", "trixie/sid"]),
        (UBUNTU, ["ubuntu", "22.04.3"]),
        ({"etc/os-release": "ID=fedora\r\nVERSION_ID=40\r\n"}, ["fedora", "40"]),
        ({"etc/os-release": "ID=ol\nVERSION_ID=9.4\n"}, ["oracle", "9.4"]),
        (
            {"etc/os-release": 'ID="opensuse-leap"\nVERSION_ID="15.5"\n'},
            ["opensuse", "15.5"],
        ),
    ],
)
def test_the_distribution_is_the_one_that_conda_names(conda_root, tmp_path, files, expected):
    """Its most precise version is used, and some IDs are replaced."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [conda_root / "bin" / "python", "-Ic", CODE, tmp_path],
        check=True,
        capture_output=True,
        text=True,
    )
    assert expected == json.loads(done.stdout)
    assert expected == [*_linux(str(tmp_path))]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", ("linux", "unknown")),
        ("ID=\n", ("linux", "unknown")),
        ("ID=arch\n", ("arch", "unknown")),
        (None, ("linux", "unknown")),
    ],
)
def test_a_distribution_without_a_version_is_unknown(tmp_path, text, expected):
    """conda's own field has a slash without a version then."""
    (tmp_path / "etc").mkdir()
    if text is not None:
        (tmp_path / "etc" / "os-release").write_text(text)
    assert expected == _linux(str(tmp_path))
