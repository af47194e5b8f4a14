"""The operations that the sandbox answers, by botocore's service name."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.sandbox.request import Handler

SERVICES: dict[str, Mapping[str, Handler]] = {}
