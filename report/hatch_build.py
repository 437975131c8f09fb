"""Copy the grammar of anaconda-anon-usage into the package, so that it has one source."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GrammarHook(BuildHookInterface[Any]):
    """Copy ``grammar.py`` before each build, editable ones included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Copy the file from the repository. An sdist already contains it."""
        root = Path(self.root)
        source = root.parent / "anaconda_anon_usage" / "tokens" / "grammar.py"
        target = root / "anaconda_anon_usage_report" / "grammar.py"
        if source.is_file():
            shutil.copyfile(source, target)
        elif not target.is_file():
            raise FileNotFoundError(f"{source} is missing: build in the repository or an sdist")
