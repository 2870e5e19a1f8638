"""The manifest of a new snapshot: small for any tenant, and honest about everything that is not as it should be."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from connector.settings import Settings
from connector.storage.records import SCHEMA_VERSION, KindFacts, Manifest, Shrinking, Sync, Traffic
from connector.sync.planning import Plan
from connector.sync.publishing.building import Built, Material
from connector.sync.publishing.placing import Place
from connector.sync.publishing.previous import Damage


def make_manifest(
    settings: Settings,
    sync: Sync,
    planned: Plan,
    material: Material,
    built: Built,
    *,
    traffic: Traffic,
    published_at: datetime,
    damage: Damage | None,
    place: Place,
) -> Manifest:
    """What is said of the snapshot that ``sync`` made.

    Args:
        traffic: what the whole sync asked of Graph.
        damage: of what was in force, where it could not be read.
        place: in the journal.
    """
    inherited, previous = built.inherited, material.previous
    left_out = dict(built.left_out)
    if inherited.over_limit:
        left_out["inherited_grants_over_limit"] = inherited.over_limit
    if inherited.too_deep:
        left_out["nested_groups_too_deep"] = inherited.too_deep
    return Manifest(
        schema_version=SCHEMA_VERSION,
        snapshot_id=sync.sync_id,
        tenant_id=settings.tenant_id,
        started_at=sync.started_at,
        published_at=published_at,
        settings=sync.settings,
        tables=dict(built.tables),
        facts=dict(built.facts),
        kinds={name: _kind(name, kind.facts, material, built, settings) for name, kind in planned.kinds.items()},
        notes={name: kind.notes for name, kind in planned.kinds.items() if kind.notes},
        left_out=left_out,
        warnings=tuple(_warnings(settings, built, damage)),
        traffic=traffic,
        previous=_origin(previous.manifest) if previous else None,
        carried=dict(built.carried.rows),
        changes=dict(built.differences.counts) if built.differences else {},
        unread=built.carried.unread,
        journal_base=place.base,
        journal=place.journal,
        continuous=place.continuous,
    )


def _origin(manifest: Manifest) -> str:
    """The snapshot of a full sync that a snapshot is, or was compacted from."""
    return manifest.compacted_from or manifest.snapshot_id


def _kind(name: str, read: KindFacts, material: Material, built: Built, settings: Settings) -> KindFacts:
    """How a kind was read, and what publishing made of it."""
    reasons = [read.reason] if read.reason else []
    state = read.state
    held = built.carried.held_back.get(name, ())
    if held:
        state = "held_back" if state == "complete" else state
        reasons.append(_held_back_reason(name, held, settings))
    tables = next(kind.tables for kind in material.kinds if kind.name == name)
    because = [built.carried.because[table] for table in tables if table in built.carried.because]
    if because and state == "complete":
        state = "incomplete"
        reasons.append(f"Some {because[0].replace('_', ' ')} are those of the previous snapshot; so is this of them.")
    if state not in ("incomplete", "held_back"):
        return read
    return replace(
        read, state=state, reason=" ".join(reasons) or None, held_back=held, last_good=_last_good(name, material)
    )


def _held_back_reason(name: str, held: tuple[Shrinking, ...], settings: Settings) -> str:
    told = ", ".join(f"{one.now:,} of {one.was:,} rows of {one.table} are left" for one in held)
    return (
        f"Held back: {told}, which is more than SHRINK_LIMIT_PERCENT ({settings.shrink_limit_percent}) gone, so the rows "
        f"stay. If they are gone for good, run `python -m connector sync --accept-shrinking {name}`."
    )


def _last_good(name: str, material: Material) -> str | None:
    if material.previous is None:
        return None
    manifest = material.previous.manifest
    before = manifest.kinds.get(name)
    if before is not None and before.state in ("incomplete", "held_back"):
        return before.last_good
    return _origin(manifest)


def _warnings(settings: Settings, built: Built, damage: Damage | None) -> list[str]:
    inherited = built.inherited
    warnings = []
    if inherited.over_limit:
        warnings.append(
            f"{inherited.over_limit:,} inherited grants exceed INHERITED_GRANTS_LIMIT ({settings.inherited_limit:,}) "
            "and were left out."
        )
    if inherited.too_deep:
        warnings.append(
            f"{inherited.too_deep:,} times a nested group lies deeper than INHERITED_GRANTS_MAX_DEPTH "
            f"({settings.inherited_max_depth}) and was not followed."
        )
    if damage is not None:
        warnings.append(f"{damage.sentence}: nothing was compared with it or kept from it.")
    return warnings
