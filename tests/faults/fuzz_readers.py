"""Coverage-guided fuzzing of a reader: ``python fuzz_readers.py condarc|jwt [OPTIONS]``.

The corpus is in ``corpus/``. The options are libFuzzer's, for example ``-runs=100000`` or
``-max_total_time=600``. New inputs go to the first directory among the options. After a
crash, move ``crash-...`` from the current directory to the corpus, together with the fix.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

with atheris.instrument_imports(include=["anaconda_anon_usage", "ruamel.yaml"]):
    import readers
    import ruamel.yaml  # noqa: F401  it is imported lazily

CORPUS = Path(__file__).parent / "corpus"

if __name__ == "__main__":
    name, *options = sys.argv[1:]
    found = next((o for o in options if not o.startswith("-")), tempfile.mkdtemp())
    options = [o for o in options if o.startswith("-")]
    limits = ["-max_len=4096", "-timeout=20", "-rss_limit_mb=1000"]
    atheris.Setup(
        [sys.argv[0], *limits, *options, found, str(CORPUS / name)],
        {"condarc": readers.check_condarc, "jwt": readers.check_jwt}[name],
    )
    atheris.Fuzz()
