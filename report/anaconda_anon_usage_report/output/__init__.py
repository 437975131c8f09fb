"""Write a report: tables and a page for people, JSON and CSV for programs."""

from __future__ import annotations

from .csv import write_csv
from .json import print_json
from .page import write_page
from .table import print_tables

__all__ = ["print_json", "print_tables", "write_csv", "write_page"]
