"""List what a fleet consists of: programs, channels and packages."""

from __future__ import annotations

from .model import Package, Tool

#: What the conda of the repository's tests sends, apart from the kernel's release.
LINUX = Tool(
    "conda/24.7.1 requests/2.34.2 CPython/3.11.7 Linux/6.1.0-18-amd64 debian/12.11 glibc/2.36",
    installer_name="conda",
    installer_version="24.7.1",
    conda="24.7.1",
    python="3.11.7",
    implementation="CPython",
    system_name="Linux",
    distro_name="debian",
    distro_version="12.11",
    libc="glibc 2.36",
)

#: conda with its default solver, on Linux, macOS and Windows.
SOLVERS = (
    Tool(
        "conda/26.7.1 requests/2.32.5 CPython/3.13.2 Linux/5.14.0-427.el9.x86_64 rhel/9.4"
        " glibc/2.34 solver/libmamba conda-libmamba-solver/25.11.0 libmambapy/2.3.2",
        installer_name="conda",
        installer_version="26.7.1",
        conda="26.7.1",
        python="3.13.2",
        implementation="CPython",
        system_name="Linux",
        distro_name="rhel",
        distro_version="9.4",
        solver="libmamba",
        solver_version="25.11.0",
        libc="glibc 2.34",
    ),
    Tool(
        "conda/25.11.1 requests/2.32.3 CPython/3.12.4 Darwin/24.6.0 OSX/15.6"
        " solver/libmamba conda-libmamba-solver/25.4.0 libmambapy/2.0.5",
        installer_name="conda",
        installer_version="25.11.1",
        conda="25.11.1",
        python="3.12.4",
        implementation="CPython",
        system_name="Darwin",
        distro_name="OSX",
        distro_version="15.6",
        solver="libmamba",
        solver_version="25.4.0",
    ),
    Tool(
        "conda/24.11.3 requests/2.32.3 CPython/3.12.8 Windows/11 Windows/10.0.26100"
        " solver/libmamba conda-libmamba-solver/24.9.0 libmambapy/1.5.11",
        installer_name="conda",
        installer_version="24.11.3",
        conda="24.11.3",
        python="3.12.8",
        implementation="CPython",
        system_name="Windows",
        distro_name="Windows",
        distro_version="10.0.26100",
        solver="libmamba",
        solver_version="24.9.0",
    ),
)

CONDA_TOOLS = (LINUX, *SOLVERS)

#: Programs that are not conda, and send no tokens. pip's User-Agent has quotation marks.
OTHER_TOOLS = (
    Tool("micromamba/2.3.2", installer_name="micromamba", installer_version="2.3.2"),
    Tool("pixi/0.55.0", installer_name="pixi", installer_version="0.55.0"),
    Tool(
        'pip/26.0 {"ci":null,"cpu":"x86_64","installer":{"name":"pip","version":"26.0"}}',
        installer_name="pip",
        installer_version="26.0",
    ),
    Tool("curl/8.5.0", installer_name="curl", installer_version="8.5.0"),
    Tool("-"),
)

#: Programs that fetch packages for others.
MIRRORS = (
    Tool(
        "Artifactory/7.111.9 81109900",
        installer_name="Artifactory",
        installer_version="7.111.9",
        mirror=True,
    ),
    Tool(
        "Nexus/3.84.1-01 (PRO; Linux; 6.1.0; amd64; 17.0.16)",
        installer_name="Nexus",
        installer_version="3.84.1-01",
        mirror=True,
    ),
)

#: Channels as they are in paths, and as a report shows them.
CHANNELS = {
    "main": "main",
    "pkgs/r": "pkgs/r",
    "conda-forge": "conda-forge",
    "acme/label/dev": "acme/label/dev",
    "team/0123456789abcdefghijklmno": "team/(hidden)",
}

SUBDIRS = ("noarch", "linux-64", "linux-aarch64", "osx-arm64", "win-64")

PACKAGES = (
    Package("python", "3.12.4", "h5148396_1", ".conda", 34_000_000),
    Package("python", "3.11.7", "h955ad1f_0", ".conda", 30_000_000),
    Package("numpy", "1.26.4", "py312hc5e2394_0", ".conda", 12_000),
    Package("numpy", "2.3.1", "py313h3d8b0f1_0", ".conda", 11_000),
    Package("scikit-learn", "1.2.2", "py310h6a678d5_1", ".tar.bz2", 9_000_000),
    Package("ca-certificates", "2026.8.31", "h06a4308_0", ".conda", 128_000),
    Package("pytorch-cuda", "2.5.1+cu124", "cuda_h0_0", ".conda", 3_000_000_000),
    Package("_libgcc_mutex", "0.1", "main", ".conda", 3_000),
    Package("jpeg", "9!e", "0", ".tar.bz2", 230_000),
    Package("=sum", "1.0", "0", ".conda", 10),
    Package("[red]x", "1.0", "0", ".conda", 20),
)

#: File names of repodata, and whether the file is in a folder for each subdir.
REPODATA_FILES = (
    "repodata.json",
    "repodata.json.zst",
    "repodata.json.bz2",
    "current_repodata.json",
    "current_repodata.json.zst",
    "repodata_from_packages.json.bz2",
    "repodata.jlap",
    "repodata_shards.msgpack.zst",
    "run_exports.json",
    "run_exports.json.zst",
)
