"""Days of promises, and how volumes stand, from frames written by hand."""

from collections import Counter
from datetime import date, timedelta

from auditor.analysis.calendar import backups_of, sum_up
from auditor.config import Config
from auditor.inventory import Inventory
from auditor.testing import ACCOUNT, AS_OF, REGION, frame

TODAY = AS_OF.date()


def window(resource, promise, days, verdict, cause=None, kind="volume"):
    return {
        "resource_type": kind,
        "resource_id": resource,
        "promise_id": promise,
        "scheduled_at": AS_OF - timedelta(days=days),
        "verdict": verdict,
        "cause": cause,
    }


def promise(resource, name):
    return {"resource_id": resource, "promise_id": name, "promise_name": f"the {name}"}


def volume(name, promises, **more):
    return {"resource_type": "volume", "resource_id": name, "promises": promises, **more}


def link(volume_id, name, instance_id=None):
    return {"volume_id": volume_id, "promise_id": name, "instance_id": instance_id}


def place(account=ACCOUNT, **given):
    names = ("backup_windows", "backup_promises", "backup_status", "backup_coverage", "volumes", "instances")
    held = {name: frame(name, given.get(name, ())) for name in names}
    return sum_up(held.__getitem__, account, REGION)


def test_a_day_shows_the_worst_of_its_backups_and_the_worst_promise_comes_first():
    seen = place(
        backup_windows=[
            window("vol-a", "p", 1, "met"),
            window("vol-a", "p", 2, "late"),
            window("vol-b", "p", 1.1, "met"),
            window("vol-b", "p", 1, "missed", "no permission"),
            window("vol-b", "p", 2, "failed", "no permission"),
            window("vol-b", "p", 3, "missed", "nobody knows"),
        ],
        backup_promises=[promise("vol-a", "p"), promise("vol-b", "p"), promise("vol-c", "p")],
        backup_status=[volume("vol-a", 1), volume("vol-b", 1)],
        volumes=[{"volume_id": "vol-b", "name": "db\u202e"}],
    )
    assert (seen.promises, seen.broken) == (3, 1)
    assert seen.windows == Counter(met=2, late=1, missed=2, failed=1)
    worst, other = seen.lines
    assert (worst.resource_id, worst.name, worst.promise, worst.broken, worst.windows) == (
        "vol-b",
        "db⟨U+202E⟩",
        "the p",
        3,
        4,
    )
    assert worst.days == {
        TODAY - timedelta(days=1): "missed",
        TODAY - timedelta(days=2): "failed",
        TODAY - timedelta(days=3): "missed",
    }
    assert worst.cause == "no permission"
    assert (other.resource_id, other.name, other.cause) == ("vol-a", "", "")
    assert other.days == {TODAY - timedelta(days=1): "met", TODAY - timedelta(days=2): "late"}


def test_volumes_stand_as_the_promises_on_them_and_on_their_instances_are_kept():
    seen = place(
        backup_windows=[
            window("vol-kept", "p", 1, "met"),
            window("vol-gaps", "p", 1, "missed"),
            window("vol-dark", "p", 1, "unknown"),
            window("i-1", "q", 1, "partial", kind="instance"),
            window("i-2", "q", 1, "late", kind="instance"),
        ],
        backup_promises=[promise("vol-kept", "p")],
        backup_coverage=[
            *(link(name, "p") for name in ("vol-kept", "vol-gaps", "vol-dark")),
            link("vol-disk", "q", "i-1"),
            link("vol-fine", "q", "i-2"),
        ],
        backup_status=[
            *(volume(name, 1) for name in ("vol-kept", "vol-gaps", "vol-dark", "vol-disk", "vol-fine")),
            volume("vol-bare", 0),
            volume("vol-lost", 0, excluded_by="ephemeral=true"),
            volume("vol-perhaps", 0, unknown_because="Could not tell: plans."),
            {"resource_type": "instance", "resource_id": "i-1", "promises": 1},
        ],
    )
    # kept: by itself, and with its instance; gaps: by itself, and with its instance
    assert seen.volumes == Counter(kept=2, broken=2, unclear=2, unpromised=1, exempt=1)


def test_nothing_promised_and_nothing_there():
    assert place().volumes == Counter()
    bare = place(backup_status=[volume("vol-bare", 0)])
    assert (bare.lines, bare.promises, bare.broken, bare.volumes) == ((), 0, 0, Counter(unpromised=1))


def test_places_add_up_and_the_worst_of_all_are_shown():
    def region(account, name, missed):
        verdicts = ["missed"] * missed + ["met"] * (5 - missed)
        return place(
            account,
            backup_windows=[window(name, "p", days, verdict) for days, verdict in enumerate(verdicts)],
            backup_promises=[promise(name, "p")],
            backup_coverage=[link(name, "p")],
            backup_status=[volume(name, 1)],
        )

    places = [region(f"{number:012}", f"vol-{number}", number % 5) for number in range(30)]
    inventory = Inventory.of({}, AS_OF, [])
    backups = backups_of(places, inventory, Config.of({"backup": {"days": 7}}))
    assert (backups.promises, backups.broken, len(backups.shown)) == (30, 24, 24)
    assert [line.broken for line in backups.shown] == [4] * 6 + [3] * 6 + [2] * 6 + [1] * 6
    assert [line.resource_id for line in backups.shown[:3]] == ["vol-4", "vol-9", "vol-14"]
    assert backups.due == 150
    assert backups.windows["missed"] == 60
    assert (backups.total.total, backups.total.volumes["broken"], backups.total.volumes["kept"]) == (30, 24, 6)
    assert (backups.since, backups.until) == (TODAY - timedelta(days=7), TODAY)
    assert len(backups.days) == 8
    assert isinstance(backups.days[0], date)
    assert [cover.volumes for cover in backups.accounts[-6:]] == [{"kept": 1}] * 6
