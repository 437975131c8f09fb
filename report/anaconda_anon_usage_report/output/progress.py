"""Show the progress of long work on a terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TimeRemainingColumn


class Progressing:
    """A progress bar on stderr, which is silent unless stderr is a terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = ("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
        silent = not console.is_terminal
        self._bar = Progress(*columns, console=console, transient=True, disable=silent)
        self._task: TaskID | None = None

    def __enter__(self) -> Progressing:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove the bar."""
        self._bar.stop()

    def start(self, name: str, size: int | None) -> None:
        """Begin a part of the work, measured in bytes."""
        self._task = self._bar.add_task(name, total=size)

    def advance(self, count: int) -> None:
        """Add the bytes done of the part that was begun last."""
        if self._task is not None:
            self._bar.advance(self._task, count)
