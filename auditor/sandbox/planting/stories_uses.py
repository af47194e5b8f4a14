"""Images by what uses them: one story for each place an image can be named."""

from __future__ import annotations

from auditor.sandbox.planting.images import (
    built,
    configuration,
    create_snapshots,
    device,
    group,
    launch,
    parameter,
    template,
)
from auditor.sandbox.planting.names import DISTRIBUTIONS, ROLES, SERVICES, image_name, server
from auditor.sandbox.planting.pipelines import recipe
from auditor.sandbox.planting.plot import Plot, Telling


def _image(plot: Plot, days: float, what: str = "") -> str:
    """The name of an image made so many days ago."""
    what = what or f"{plot.rng.choice(SERVICES)}-{plot.rng.choice(ROLES)}"
    return image_name(plot.rng, what, plot.ago(days))


def _name(plot: Plot, what: str) -> str:
    """The name of something that launches images."""
    return f"{what}-{plot.rng.getrandbits(28):07x}"


def releases(plot: Plot) -> None:
    """A service has a new image every few weeks: the last runs, older ones linger in versions, the first in none.

    Half of the services clear up behind themselves.
    """
    service, system = plot.rng.choice(SERVICES), plot.rng.choice(DISTRIBUTIONS)
    key = plot.usual_key()
    total = max(2, plot.size.images if plot.maybe(0.5) else min(plot.size.images, 3))
    apart = plot.rng.choice((7, 14, 21, 28))
    tags = {"service": service, "golden": "true"}
    forgotten = 1 if plot.size.dense or plot.maybe(0.4) else 0
    made = []
    for number in range(total):
        days = 20 + apart * (total - 1 - number)
        use = "current" if number == total - 1 else "none" if number < forgotten else "old"
        version, mark = f"v2.{number}.{plot.rng.randrange(9)}", f"{number}{plot.rng.getrandbits(16):04x}"
        name = f"{service}-{system}-{version}-{plot.ago(days):%Y%m%d}-{mark}"
        made.append(built(plot, name, days, key=key, use=use, tags=tags, launched=plot.ago(days - 1)))
    versions = [image.image_id for image in made[forgotten:]]
    template_id = template(plot, _name(plot, service), versions, default=len(versions))
    group(plot, _name(plot, f"{service}-asg"), template_id=template_id, version="$Default")
    launch(plot, made[-1], 15, name=server(plot.rng))


def instances(plot: Plot) -> None:
    """Old images that run, that are stopped, and that a terminated and a running instance share."""
    for states in (("running",), ("stopped",), ("terminated", "running")):
        days = plot.rng.randrange(120, 600)
        made = built(plot, _image(plot, days), days, key=plot.usual_key(), use="current")
        for state in states:
            if state == "terminated":
                plot.instance(made.image_id, plot.ago(100), name="terminated", state=state)
            else:
                launch(plot, made, 100, name=server(plot.rng), state=state)


def template_only(plot: Plot) -> None:
    """Images that only the default, the latest, an older or a pinned version of a template names."""
    uses = ("old", "current", "current", "current")  # versions 1 to 4: old, default, pinned by a group, latest
    service = plot.rng.choice(SERVICES)
    made = [
        built(plot, _image(plot, 400 - 60 * n, service), 400 - 60 * n, key=plot.usual_key(), use=use)
        for n, use in enumerate(uses)
    ]
    template_id = template(plot, _name(plot, service), [image.image_id for image in made], default=2)
    group(plot, _name(plot, f"{service}-asg"), template_id=template_id, version="3", mixed=plot.maybe(0.5))


def launch_configuration(plot: Plot) -> None:
    """An image that only a launch configuration names; a group without instances uses it."""
    made = built(plot, _image(plot, 700), 700, key=plot.usual_key(), use="current")
    name = configuration(plot, _name(plot, "lc"), made.image_id)
    group(plot, _name(plot, "asg"), configuration=name)


def parameters(plot: Plot) -> None:
    """Images that a parameter holds, one of them resolved by a template."""
    held = built(plot, _image(plot, 300, "golden"), 300, key=plot.usual_key(), use="current", tags={"golden": "true"})
    parameter(plot, f"/golden/{plot.rng.choice(SERVICES)}/{plot.rng.getrandbits(16):04x}", held.image_id)
    resolved = built(plot, _image(plot, 200, "golden"), 200, key=plot.usual_key(), use="current")
    name = parameter(plot, f"/golden/resolved/{plot.rng.getrandbits(16):04x}", resolved.image_id)
    template(plot, _name(plot, "golden"), [f"resolve:ssm:{name}"], default=1)


def noted(plot: Plot) -> None:
    """An image that only a plain text parameter names, which launches nothing."""
    made = built(plot, _image(plot, 250), 250, key=plot.usual_key(), use="none")
    parameter(plot, f"/notes/{plot.rng.getrandbits(16):04x}", made.image_id, data_type="text")


def image_builder(plot: Plot) -> None:
    """An image that only an Image Builder recipe starts from."""
    made = built(plot, _image(plot, 220, "base"), 220, key=plot.usual_key(), use="current")
    recipe(plot, _name(plot, "recipe").lower(), made.image_id)


def launched_recently(plot: Plot) -> None:
    """Nothing names the image, but it was launched last month; and a young one that nothing names either."""
    built(plot, _image(plot, 250), 250, key=plot.usual_key(), use="none", launched=plot.ago(25))
    built(plot, _image(plot, 12), 12, key=plot.usual_key(), use="none")


def unused(plot: Plot) -> None:
    """Images that nothing uses: one never launched, one launched long ago, one with hostile names."""
    built(plot, _image(plot, 400), 400, count=3, key=plot.usual_key(), use="none")
    built(plot, _image(plot, 700), 700, key=plot.usual_key(), use="none", launched=plot.ago(300))
    name = _image(plot, 120)
    text = plot.hostile(name)
    tags = {"Name": text, "note": plot.hostile("built by hand")}
    if text != name:
        tags["owner"] = plot.hostile("")
    built(plot, text[:128], 120, key=plot.usual_key(), use="none", Description=text, tags=tags)


def deprecated(plot: Plot) -> None:
    """Deprecated images that run, that only an old version names and that nothing uses; and one that will be."""
    running = built(plot, _image(plot, 500), 500, key=plot.usual_key(), use="current", deprecated=plot.ago(40))
    launch(plot, running, 200, name=server(plot.rng))
    named = built(plot, _image(plot, 450), 450, key=plot.usual_key(), use="current", deprecated=plot.ago(5))
    lingering = built(plot, _image(plot, 460), 460, key=plot.usual_key(), use="old", deprecated=plot.ago(50))
    template(plot, _name(plot, "app"), [lingering.image_id, named.image_id], default=2)
    built(plot, _image(plot, 600), 600, key=plot.usual_key(), use="none", deprecated=plot.ago(200))
    later = built(plot, _image(plot, 30), 30, key=plot.usual_key(), use="current", deprecated=plot.ago(-300))
    launch(plot, later, 10, name=server(plot.rng))


def named_snapshots(plot: Plot) -> None:
    """Orphans but for a launch template or a launch configuration that makes a volume from each."""
    for kind in ("template", "configuration"):
        of = plot.lineage(50, plot.usual_key())
        snapshot_id = plot.snapshot(of, plot.ago(150), description="seed data", tags={"Name": "seed"})
        mapping = device(1, snapshot_id, of)
        made = built(plot, _image(plot, 60), 60, key=plot.usual_key(), use="current")
        if kind == "template":
            template(plot, _name(plot, "seeded"), [made.image_id], default=1, devices=[mapping])
        else:
            configuration(plot, _name(plot, "seeded"), made.image_id, [mapping])


def still_running(plot: Plot) -> None:
    """The image is deregistered, and an instance still runs on it: its volume was made from the snapshot."""
    image_id = plot.new("ami")
    made = create_snapshots(plot, image_id, plot.ago(200), key=plot.usual_key(), kept="")
    instance_id = launch(plot, made, 180, name=server(plot.rng))
    plot.note("image_deregistered_in_use", instance_id)
    plot.note("unknown:instance_image_untrusted_owner", instance_id)


#: Stories of use.
STORIES: tuple[Telling, ...] = (
    (releases, 1, 0),
    (unused, 1, 3),
    (deprecated, 1, 2),
    (instances, 0, 0),
    (template_only, 0, 0),
    (launch_configuration, 0, 0),
    (parameters, 0, 0),
    (noted, 0, 2),
    (image_builder, 0, 0),
    (launched_recently, 0, 0),
    (named_snapshots, 0, 0),
    (still_running, 0, 2),
)
