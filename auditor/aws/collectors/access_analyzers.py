"""Analyzers of IAM Access Analyzer in the account, and the snapshots that they report.

Sources: IAM Access Analyzer API Reference, ``ListAnalyzers``, ``ListFindingsV2`` (authorised by the action
``ListFindings``); IAM User Guide, "IAM Access Analyzer findings".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where
from auditor.aws.shape import Field, shape

#: Types of analyzers that report access from outside: of the account, or of the organisation.
EXTERNAL = ("ACCOUNT", "ORGANIZATION")

_PAGE = 100
#: Archived findings are of shares that are there still; somebody only said that they may be.
_SHARED = {"resourceType": {"eq": ["AWS::EC2::Snapshot"]}, "status": {"neq": ["RESOLVED"]}}

ANALYZER_FIELDS: Mapping[str, Field] = {
    "analyzer_arn": "arn",
    "name": "name",
    "type": "type",
    "status": "status",
    "created_at": "createdAt",
    "last_analyzed_at": "lastResourceAnalyzedAt",
}
FINDING_FIELDS: Mapping[str, Field] = {
    "finding_id": "id",
    "analyzer_arn": "Analyzer",
    "snapshot_id": lambda finding: str(finding.get("resource") or "").rpartition("/")[2],
    "owner_id": "resourceOwnerAccount",
    "status": "status",
    "analyzed_at": "analyzedAt",
    "updated_at": "updatedAt",
}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``FindingSummaryV2`` with the ARN of their ``Analyzer``, and ``AnalyzerSummary`` after its findings.

    So an analyzer that is known to be there has been read to the end.
    """
    listed = [
        analyzer
        for page in reader.pages("accessanalyzer", "ListAnalyzers", "analyzers", maxResults=_PAGE)
        for analyzer in page
    ]
    for analyzer in listed:
        if reports_snapshots(analyzer):
            asked = {"analyzerArn": analyzer["arn"], "filter": _SHARED, "maxResults": _PAGE}
            for page in reader.pages("accessanalyzer", "ListFindingsV2", "findings", **asked):
                yield [{**finding, "Analyzer": analyzer["arn"]} for finding in page]
        yield [analyzer]


def reports_snapshots(analyzer: Item) -> bool:
    """Whether an analyzer works, and looks at whom resources are shared with."""
    return analyzer["status"] == "ACTIVE" and analyzer["type"] in EXTERNAL


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row an analyzer, or one a finding."""
    analyzers = [item for item in page if "Analyzer" not in item]
    findings = [item for item in page if "Analyzer" in item]
    return {
        "access_analyzers": shape("access_analyzers", where, analyzers, ANALYZER_FIELDS),
        "analyzer_findings": shape("analyzer_findings", where, findings, FINDING_FIELDS),
    }


COLLECTOR = Collector(
    name="access_analyzers",
    frames=("access_analyzers", "analyzer_findings"),
    actions=("access-analyzer:ListAnalyzers", "access-analyzer:ListFindings"),
    get=get,
    transform=transform,
)
