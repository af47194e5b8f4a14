"""The error that a handler raises to make the sandbox refuse a request as AWS does."""

from __future__ import annotations


class ServiceError(Exception):
    """An AWS error answer.

    Args:
        code: The error code that the client sees, e.g. ``InvalidSnapshot.NotFound``.
        message: The sentence that goes with it.
        status: The HTTP status; when left out, what the service's model gives for the code, or 400.
    """

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(code, message, status)
        self.code = code
        self.message = message
        self.status = status

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
