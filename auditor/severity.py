"""How bad a finding is."""

from __future__ import annotations

from typing import Literal, get_args

Severity = Literal["critical", "high", "medium", "low", "info"]

#: Severities, worst first.
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
