"""The morning report: what a night did, from its records alone, for a person to believe."""

from tasks.report.write import write_report

__all__ = ["write_report"]
