"""Make logs for pages."""

from __future__ import annotations

from urllib.parse import quote

#: A name that a browser would obey. It has no hyphen, slash or space, so all of it is the name of
#: a package or channel.
MARKUP = "\"'><img\tsrc=x\tonerror=pwned=1><svg\tonload=pwned=1>&lt;b>"
MARKUP = MARKUP.replace("\t", "\u00a0")

_AGENT = "conda/24.7.1 requests/2.34.2 CPython/3.11.7 Linux/6.1.0 debian/12.11 glibc/2.36"


def markup_log() -> bytes:
    """Return a log in the combined format with markup in every field of some lines."""
    tag = "<script>pwned=1</script>"
    file = quote(f"{MARKUP}-{tag.replace('/', '')}-{tag.replace('/', '')}.conda")
    lines = []
    for minute in range(5):
        tokens = f"aau/0.9.0 c/client{minute} s/session{minute} e/environment{minute}"
        agents = (
            f"{_AGENT} {tokens} o/team i/acme m/build",
            f"{tag}/{tag} conda/{tag} CPython/{tag} Linux/{tag} {tag}/1 glibc/{tag} {tokens} o/{tag}",
            f"conda/1 requests/{tag} {tag} solver/{tag} {tokens} {tag}",
        )
        lines += [
            f"{tag} {tag} {tag} [26/Mar/2026:00:{minute:02}:00 +0000]"
            f' "GET /{quote(MARKUP)}/{subdir}/{file}?{tag} HTTP/1.1" 200 10 "{tag}" "{agent}"\n'
            for agent in agents
            for subdir in ("noarch", "linux-64")
        ]
    lines += [f"{tag}\n", f'{tag} "GET {tag} {tag}" {tag} {tag}\n']
    return "".join(lines).encode()
