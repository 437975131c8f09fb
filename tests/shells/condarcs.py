"""Random condarcs, with every way that YAML has to write the same value."""

from __future__ import annotations

from hypothesis import strategies as st

OURS = ("anaconda_anon_usage", "anaconda_heartbeat", "aggressive_update_packages")

COMMENTS = ["", "", "", "  # a comment: [", " #!final", " #!top", " # é 🐍"]

BOOLEANS = """true false yes No 'on' "off" ~ 1 &own true !!bool true {} []""".split(" ") + [
    "!!str\n  true",
    "|\n  true",
    ">-\n  # no comment",
    "https://example.org/#a",
]

PACKAGES = [
    "[]",
    "~",
    "null",
    "",
    "[openssl]",
    "[ 'openssl' , \"certifi\", ]",
    "[openssl, # why\n   certifi # so\n  ]",
    "[\n  openssl\n]",
    "[openssl, anaconda-anon-usage]",
    "\n  - openssl",
    "\n- openssl\n- Anaconda-Anon-Usage>=1",
    "\n    -   openssl  # why\n    # in between\n    -   certifi #!top\n    # below",
    "\n- openssl #!bottom\n\n- 'certifi'\n\n\n",
    " &own\n  - openssl",
    "\n  - >-\n   openssl\n  - |\n   certifi\n",
    "\n  -\n    openssl",
]

OTHERS = {
    "channels": ["[a, b]", "\n  - a\n  - anaconda-anon-usage", "\n- a #!top\n# c\n- b", "&c [x]"],
    "proxy_servers": ["{http: 'http://me:pw@p:1'}", "\n  http: h #!final\n  https: i", "{}"],
    "offline": ["false", "no #!final", "no #!final\n# undone by this", "~"],
    "custom_channels": ["\n    a: b\n    # c\n\n    d: |\n      # text\n\n      e\n", "*c"],
    "remote_max_retries": ["3", "0x1F", "1_000", '"3" # three'],
    "'quoted key'": ["'it''s'", '"two\n  lines"', "plain\n  goes on"],
    "? asked": ["\n: answered"],
    "report_errors": ["|\n  text\n", "|+\n  text\n\n\n", ">\n  a\n  # b"],
}


@st.composite
def _settings(draw) -> list[str]:
    """Return settings, each with lines of its own."""
    names = draw(st.lists(st.sampled_from([*OURS, *OTHERS]), unique=True, max_size=7))
    texts = []
    for name in names:
        if name == "aggressive_update_packages":
            value = draw(st.sampled_from(PACKAGES))
        else:
            value = draw(st.sampled_from(BOOLEANS if name in OURS else OTHERS[name]))
        one_line = "\n" not in value
        comment = draw(st.sampled_from(COMMENTS)) if one_line else ""
        if name.startswith("?"):
            texts.append(f"{name}{value}")
        else:
            texts.append(f"{name}:{'' if value[:1] in ('', chr(10)) else ' '}{value}{comment}")
        texts.append(draw(st.sampled_from(["", "", "", "\n", "\n# between\n", "\n\n  # odd\n"])))
    return texts


@st.composite
def condarcs(draw) -> bytes:
    """Return the content of a condarc, which need not be valid."""
    texts = draw(_settings())
    body = "".join(text if text[:1] in ("", "\n") else "\n" + text for text in texts).lstrip("\n")
    if draw(st.booleans()) and draw(st.booleans()):
        body = "".join(f"  {line}" for line in body.splitlines(keepends=True))
    head = draw(st.sampled_from(["", "", "# head\n\n", "---\n", "%YAML 1.1\n---\n", "--- # x\n"]))
    tail = draw(st.sampled_from(["", "\n", "\n", "\n# tail\n", "\n\n\n", "\n...\n", " \n  "]))
    text = draw(st.sampled_from(["", "", "", "\ufeff"])) + head + body + tail
    return text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))).encode("utf-8")
