"""The errors people see: one sentence that names the culprit, and a hint that says what to do."""


class AuditorError(Exception):
    """Something the user can mend.

    Args:
        message: One sentence naming the file, key or account at fault.
        hint: What to do about it, as one sentence; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigError(AuditorError):
    """The configuration or the command line asks for something that cannot be."""


class RuleError(AuditorError):
    """A rule file does not load, or a rule is declared wrongly."""


class InventoryError(AuditorError):
    """A run folder is missing, foreign, half written or damaged."""


class AccessError(AuditorError):
    """AWS could not be reached or would not let us in at all, before anything was collected."""


class RenderError(AuditorError):
    """A report could not be written."""
