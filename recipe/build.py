"""Build the conda package and run the recipe's tests: ``make package``.

    python recipe/build.py OUT CHANNEL...

This is ``rattler-build build --experimental --recipe recipe --output-dir OUT``, with
rattler-build from PyPI.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, ToolConfiguration
from rattler_build.progress import ProgressCallback


class Log(ProgressCallback):
    """Prints the messages of rattler-build."""

    def on_log(self, event) -> None:
        """Print one message."""
        print(event.message, flush=True)


def build(out: str, *channels: str) -> None:
    """Build the recipe beside this file.

    Args:
        out: the output directory, which becomes a channel with the package.
        channels: the channels with its dependencies.
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
    # py-rattler sometimes crashes when a process exits.
    sys.stdout.flush()
    os._exit(0)
