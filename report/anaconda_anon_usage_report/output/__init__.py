"""Write a report: tables for people, JSON and CSV for programs."""

from __future__ import annotations

from .csv import write_csv
from .json import print_json
from .table import print_tables

__all__ = ["print_json", "print_tables", "write_csv"]
