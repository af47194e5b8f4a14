"""What is promised to be backed up, what was delivered, and how the two meet."""

from auditor.analysis.backup.copies import backup_copies
from auditor.analysis.backup.coverage import backup_coverage
from auditor.analysis.backup.promises import backup_promises
from auditor.analysis.backup.retention import lifecycle_retention
from auditor.analysis.backup.revisions import backup_promise_versions
from auditor.analysis.backup.status import backup_status
from auditor.analysis.backup.unmet import backup_unmet
from auditor.analysis.backup.windows import backup_windows

__all__ = [
    "backup_copies",
    "backup_coverage",
    "backup_promise_versions",
    "backup_promises",
    "backup_status",
    "backup_unmet",
    "backup_windows",
    "lifecycle_retention",
]
