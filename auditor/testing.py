"""Small frames from plain rows, and rules that prove their own examples.

A rule file carries three lists, ``FAILS``, ``PASSES`` and ``UNKNOWN``. Each entry is one example, a mapping of the
subject's columns for the one row that is judged::

    FAILS = [{"encrypted": False}]
    PASSES = [
        {"encrypted": True},
        {"started_at": "400 days ago", "given": {"image_block_devices": [{"image_id": "ami-1"}]}},
    ]
    UNKNOWN = [{}, {"encrypted": False, "gap": "snapshots"}]

What is left out is missing, except ``account_id``, ``region`` and the subject's own id, which are filled in. Moments
are ISO 8601 texts or said against ``as_of``: ``"40 days ago"``, ``"6 hours ago"``, ``"in 7 days"``. Besides columns
an example may say:

``given``
    Other frames (collected, derived, or more rows of the subject) to their rows. There, too, the account and region
    are filled in, and a column named like the subject's id column is filled with the judged row's id, so
    ``{"snapshot_shares": [{"grantee": "999988887777"}]}`` is a share of the judged snapshot. More rows of the subject
    get ids of their own. Say ``None`` where a column must stay missing. Frames not given are empty and complete;
    derived frames not given are derived.
``params``
    Parameters of the rule, as the policy would set them.
``as_of``
    The moment that is judged; ``2026-02-01T00:00:00Z`` where it is left out.
``gap``
    One frame, or a list of them, whose collectors were refused in the judged row's account and region; or a mapping
    of frame to ``{"account_id": …, "region": …}`` where they were refused elsewhere.
``item_gap``
    One frame whose collector was refused for the judged row alone.
``expect``
    Columns of the finding, or keys of its evidence, to the values they must have; in ``FAILS`` and ``UNKNOWN``.
"""
