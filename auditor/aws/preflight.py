"""Asks every account and region whether each call is allowed, before a long run finds out.

EC2 says so itself (``DryRun``, EC2 API reference: ``DryRunOperation`` means allowed, ``UnauthorizedOperation`` denied).
The other services have no such thing; each is asked the cheapest question there is, mostly for something that does not
exist: they look at permissions first and for the resource afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
from botocore.exceptions import BotoCoreError, ClientError

from auditor.aws import scope
from auditor.aws.collector import Where
from auditor.aws.limits import Limiter
from auditor.aws.outcome import NoRole, error_code, outcome_of
from auditor.aws.progress import Quiet
from auditor.aws.reader import PartitionReader, Run
from auditor.aws.session import Sessions
from auditor.config import Config
from auditor.inventory import GLOBAL

ALLOWED = "allowed"
DENIED = "denied"
UNCLEAR = "could not tell"

COLUMNS = ("account_id", "region", "action", "answer", "error_code")

Row = tuple[str, str, str, str, str | None]

_PLAN = "00000000-0000-0000-0000-000000000000"
_ANALYZER = "arn:aws:access-analyzer:us-east-1:000000000000:analyzer/auditor-preflight"
_RECIPE = "arn:aws:imagebuilder:us-east-1:000000000000:{}-recipe/auditor-preflight/0.0.1"

#: The least parameters of each operation that does not do without any; nothing they name exists.
_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "access-analyzer:ListAnalyzers": {"maxResults": 1},
    "access-analyzer:ListFindings": {"analyzerArn": _ANALYZER, "maxResults": 1},
    "autoscaling:DescribeAutoScalingGroups": {"MaxRecords": 1},
    "autoscaling:DescribeLaunchConfigurations": {"MaxRecords": 1},
    "backup:GetBackupPlan": {"BackupPlanId": _PLAN},
    "backup:GetBackupSelection": {"BackupPlanId": _PLAN, "SelectionId": _PLAN},
    "backup:ListBackupJobs": {"MaxResults": 1},
    "backup:ListBackupPlanVersions": {"BackupPlanId": _PLAN, "MaxResults": 1},
    "backup:ListBackupPlans": {"MaxResults": 1},
    "backup:ListBackupSelections": {"BackupPlanId": _PLAN, "MaxResults": 1},
    "backup:ListBackupVaults": {"MaxResults": 1},
    "backup:ListCopyJobs": {"MaxResults": 1},
    "backup:ListLegalHolds": {"MaxResults": 1},
    "backup:ListRecoveryPointsByBackupVault": {"MaxResults": 1},
    "backup:ListRecoveryPointsByLegalHold": {"LegalHoldId": _PLAN, "MaxResults": 1},
    "backup:ListReportPlans": {"MaxResults": 1},
    "backup:ListRestoreJobs": {"MaxResults": 1},
    "cloudtrail:LookupEvents": {"MaxResults": 1},
    "dlm:GetLifecyclePolicy": {"PolicyId": "policy-00000000000000000"},
    "ec2:DescribeImageAttribute": {"ImageId": "ami-00000000000000000", "Attribute": "launchPermission"},
    "ec2:DescribeSnapshotAttribute": {
        "SnapshotId": "snap-00000000000000000",
        "Attribute": "createVolumePermission",
    },
    "imagebuilder:GetContainerRecipe": {"containerRecipeArn": _RECIPE.format("container")},
    "imagebuilder:GetImageRecipe": {"imageRecipeArn": _RECIPE.format("image")},
    "imagebuilder:ListContainerRecipes": {"maxResults": 1},
    "imagebuilder:ListImagePipelines": {"maxResults": 1},
    "imagebuilder:ListImageRecipes": {"maxResults": 1},
    "kms:DescribeKey": {"KeyId": "alias/aws/ebs"},
    "kms:GetKeyPolicy": {"KeyId": _PLAN},
    "kms:ListGrants": {"KeyId": _PLAN, "Limit": 1},
    "rbin:GetRule": {"Identifier": "00000000000"},
    "rbin:ListRules": {"ResourceType": "EBS_SNAPSHOT", "MaxResults": 1},
    "ssm:DescribeParameters": {"MaxResults": 1},
    "ssm:GetParameters": {"Names": ["auditor-preflight"]},
}

#: Asked about a vault that is there: one that is not is answered with a refusal.
_OF_A_VAULT = frozenset({"backup:GetBackupVaultAccessPolicy", "backup:ListRecoveryPointsByBackupVault"})

#: The calls of actions that are named otherwise.
_CALLS: Mapping[str, tuple[str, str]] = {
    "access-analyzer:ListAnalyzers": ("accessanalyzer", "ListAnalyzers"),
    "access-analyzer:ListFindings": ("accessanalyzer", "ListFindingsV2"),
}

#: What services answer of things that do not exist to those who may ask.
_NOT_THERE = frozenset({"NotFoundException", "ResourceNotFoundException"})


def preflight(config: Config, actions: Iterable[str]) -> pd.DataFrame:
    """Whether each action is allowed in every account and region in scope.

    Args:
        config: What would be read, and as whom.
        actions: IAM actions, as ``actions_for`` names them.

    Returns:
        ``account_id``, ``region``, ``action``, ``answer`` (``allowed``, ``denied`` or ``could not tell``) and
        ``error_code``, sorted. An account that cannot be entered has one row, for ``sts:AssumeRole``. A vault's
        recovery points and policy are not asked about where there is no vault.

    Raises:
        AccessError: AWS cannot be reached, or there are no credentials it accepts.
        ConfigError: A region is named that does not exist.
    """
    wanted = sorted(set(actions))
    sessions = Sessions(config.scope)
    own_account, _ = sessions.identify()
    run = Run(Limiter(), Quiet())
    caller = PartitionReader(Where(own_account, GLOBAL, sessions.partition), sessions.caller, sessions.home, run)
    try:
        targets = scope.targets(config.scope, own_account, caller)
    finally:
        caller.close()
    with ThreadPoolExecutor(config.collect.workers, thread_name_prefix="auditor-preflight") as pool:
        entered = list(pool.map(lambda target: _regions(config, sessions, target, run), targets))
        units = [(account, region) for account, regions, _ in entered for region in regions]
        answers = pool.map(lambda unit: list(_ask(sessions, unit[0], unit[1], wanted, run)), units)
        rows = [refusal for _, _, refusal in entered if refusal] + [row for answer in answers for row in answer]
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values(list(COLUMNS[:3]), ignore_index=True)


def _regions(config: Config, sessions: Sessions, target: scope.Target, run: Run) -> tuple[str, list[str], Row | None]:
    """The regions to ask in one account, or the row that says why there are none."""
    account_id = target.account_id
    try:
        session = sessions.account(account_id)
    except (ClientError, BotoCoreError, NoRole) as error:
        return account_id, [], (account_id, GLOBAL, "sts:AssumeRole", DENIED, error_code(error))
    reader = PartitionReader(Where(account_id, GLOBAL, sessions.partition), session, sessions.home, run)
    try:
        described = reader.call("ec2", "DescribeRegions")["Regions"]
    except (ClientError, BotoCoreError):
        described = None  # asked again below, region by region
    finally:
        reader.close()
    return account_id, scope.regions(config.scope, described, sessions.known_regions()), None


def _ask(sessions: Sessions, account_id: str, region: str, actions: Iterable[str], run: Run) -> Iterator[Row]:
    reader = PartitionReader(
        Where(account_id, region, sessions.partition), sessions.account(account_id), sessions.home, run
    )
    try:
        for action in actions:
            try:
                asked = _call(reader, action)
            except (ClientError, BotoCoreError) as error:
                yield (account_id, region, action, *_answer(error))
            else:
                if asked:
                    yield account_id, region, action, ALLOWED, None
    finally:
        reader.close()


def _call(reader: PartitionReader, action: str) -> bool:
    """Make the call; ``False`` where there is nothing it could be about."""
    service, operation = action.split(":")
    parameters = dict(_PARAMETERS.get(action, {}))
    if action in _OF_A_VAULT:
        vaults = reader.call("backup", "ListBackupVaults", MaxResults=1)["BackupVaultList"]
        if not vaults:
            return False
        parameters["BackupVaultName"] = vaults[0]["BackupVaultName"]
    if service == "ec2":
        parameters["DryRun"] = True
    reader.call(*_CALLS.get(action, (service, operation)), **parameters)
    return True


def _answer(error: ClientError | BotoCoreError) -> tuple[str, str | None]:
    code = error_code(error)
    if code == "DryRunOperation" or code in _NOT_THERE:
        return ALLOWED, None
    return (DENIED if outcome_of(error).status == "denied" else UNCLEAR), code
