"""The report: one view-model, from which every output is made."""

from auditor.report.build import build_report
from auditor.report.model import Report, Spend, SpendLine
from auditor.report.text import plain

__all__ = ["Report", "Spend", "SpendLine", "build_report", "plain"]
