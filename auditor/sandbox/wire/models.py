"""Service models as botocore ships them, read once for the process."""

from __future__ import annotations

from functools import lru_cache

from botocore.loaders import Loader, create_loader
from botocore.model import ServiceModel, StructureShape


@lru_cache(maxsize=1)
def loader() -> Loader:
    """The reader of botocore's data folder."""
    return create_loader()


@lru_cache(maxsize=64)
def service_model(service: str) -> ServiceModel:
    """The newest model of a service; raises botocore's UnknownServiceError for a name that it does not know."""
    return ServiceModel(loader().load_service_model(service, "service-2"), service)


def modelled_error(model: ServiceModel, code: str) -> tuple[StructureShape | None, int]:
    """The shape that a service has for an error code, and the HTTP status that goes with it (400 if unsaid)."""
    shape = model.shape_for_error_code(code)  # type: ignore[arg-type]  # the stubs take error codes for numbers
    if not isinstance(shape, StructureShape):
        return None, 400
    status: int = shape.metadata.get("error", {}).get("httpStatusCode", 400)
    return shape, status
