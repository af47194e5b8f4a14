"""The region itself: whether the account has opted in to it (ec2 DescribeRegions)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd
from botocore.exceptions import ClientError

from auditor.aws.collector import Collector, Page, Reader, Where
from auditor.aws.shape import shape


def get(reader: Reader) -> Iterator[Page]:
    """The region as AWS described it to the whole account, or its bare name where it will not.

    Raises:
        ClientError: It would not; the region's name is kept all the same, so that rules can say "could not tell".
    """
    name = reader.where.region
    described = reader.account.get("Regions")
    try:
        if described is None:
            described = reader.call("ec2", "DescribeRegions", RegionNames=[name], AllRegions=True)["Regions"]
    except ClientError:
        yield [{"RegionName": name}]
        raise
    yield [region for region in described if region["RegionName"] == name]


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row: the region."""
    return {"regions": shape("regions", where, page, {"opt_in_status": "OptInStatus"})}


COLLECTOR = Collector(
    name="regions", frames=("regions",), actions=("ec2:DescribeRegions",), get=get, transform=transform
)
