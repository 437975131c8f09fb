"""Builds the conda package and runs the recipe's tests: ``make package``.

    python recipe/build.py OUT CHANNEL...

The same as ``rattler-build build --experimental --recipe recipe --output-dir OUT``, with
the rattler-build that PyPI has.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, ToolConfiguration
from rattler_build.progress import ProgressCallback


class Log(ProgressCallback):
    """Prints what rattler-build says."""

    def on_log(self, event) -> None:
        """Print one message."""
        print(event.message, flush=True)


def build(out: str, *channels: str) -> None:
    """Build the recipe beside this file.

    Args:
        out: the directory that becomes a channel with the package.
        channels: where its requirements come from.
    """
    recipe = Stage0Recipe.from_file(Path(__file__).with_name("recipe.yaml"))
    recipe.run_build(
        tool_config=ToolConfiguration(test_strategy="native"),
        render_config=RenderConfig(PlatformConfig(experimental=True)),
        output_dir=out,
        channels=list(channels),
        progress_callback=Log(),
    )


if __name__ == "__main__":
    try:
        build(*sys.argv[1:])
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    # py-rattler sometimes crashes at a process's exit.
    sys.stdout.flush()
    os._exit(0)
