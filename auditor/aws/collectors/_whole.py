"""Reading many things one by one where each of them matters to the whole answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from auditor.aws.collector import Item, Reader
from auditor.aws.outcome import error_code


def whole(
    reader: Reader, ids: Iterable[str], read: Callable[[str], Item], *, drop: tuple[str, ...] = ()
) -> Iterator[tuple[str, Item]]:
    """As :meth:`Reader.each`, but an id that cannot be read costs the collector its completeness.

    For things that are not themselves judged: a launch template that cannot be read may name any image, so
    an item gap on the template alone would let rules call that image unused. The other ids are read all the same.

    Raises:
        Exception: The first failure, once everything else was read.
    """
    failures: list[Exception] = []

    def noting(id_: str) -> Item:
        try:
            return read(id_)
        except Exception as error:
            if error_code(error) not in drop:
                failures.append(error)
            raise

    yield from reader.each(ids, noting, drop=drop)
    if failures:
        raise failures[0]
