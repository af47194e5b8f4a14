"""First pages that are empty and still carry a token, for any operation that pages.

AWS warns that a page may come back with fewer results than there are, even none, while more follow (Amazon EC2
Developer Guide, "Pagination in the Amazon EC2 API"). Such a page is put before the real first one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from botocore.exceptions import DataNotFoundError

from auditor.sandbox.wire.models import loader, service_model

#: The token of the empty page; it leads to the first page.
_TOKEN = "page-after-nothing"  # noqa: S105 - no secret
_INPUT_TOKENS = ("NextToken", "nextToken", "Marker", "PageToken")
_OUTPUT_TOKENS = ("NextToken", "nextToken", "NextMarker", "Marker", "NextPageToken")


@dataclass(frozen=True)
class Paging:
    """The names that an operation pages by."""

    input_token: str
    output_token: str
    result: str
    more: str | None = None


@lru_cache(maxsize=512)
def paging_of(service: str, operation: str) -> Paging | None:
    """How an operation pages, from botocore's paginators or else from its shapes; None when it does not."""
    try:
        table = loader().load_service_model(service, "paginators-1")["pagination"]
    except DataNotFoundError:
        table = {}
    found = table.get(operation)
    if found and all(isinstance(found[key], str) for key in ("input_token", "output_token", "result_key")):
        return Paging(found["input_token"], found["output_token"], found["result_key"], found.get("more_results"))
    model = service_model(service).operation_model(operation)
    inputs = model.input_shape.members if model.input_shape else {}
    outputs = model.output_shape.members if model.output_shape else {}
    asked = next((name for name in _INPUT_TOKENS if name in inputs), None)
    given = next((name for name in _OUTPUT_TOKENS if name in outputs), None)
    result = next((name for name, shape in outputs.items() if shape.type_name == "list"), None)
    return Paging(asked, given, result) if asked and given and result else None


def empty_first_page(service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """An empty page with a token, when a first page is asked for; None otherwise."""
    paging = paging_of(service, operation)
    if paging is None or parameters.get(paging.input_token):
        return None
    page: dict[str, Any] = {paging.result: [], paging.output_token: _TOKEN}
    return page if paging.more is None else {**page, paging.more: True}


def without_own_token(service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters as the handler should see them: the token of an empty page asks for the first page."""
    paging = paging_of(service, operation) if _TOKEN in parameters.values() else None
    if paging is None:
        return parameters
    return {name: value for name, value in parameters.items() if name != paging.input_token}
