"""Which principal or resource is meant: by id, sign-in name, mail, app id, template id, part number or display name."""

from __future__ import annotations

from collections.abc import Sequence

from connector.query.errors import Ambiguous, NotFound
from connector.query.snapshot import Snapshot
from connector.query.subjects import KINDS_IN_WORDS, PRINCIPALS, RESOURCES, SUBJECTS_SQL, Subject

LISTED_CANDIDATES = 20
"""How many candidates an ambiguity lists: more than that is read by nobody."""

# Rank 1: exactly so; 2: but for upper and lower case; 3: it begins so. Only the best rank that has anything counts, up to $worst.
_FIND = f"""
WITH subjects AS (
    {SUBJECTS_SQL}
    UNION ALL SELECT 'entitlement', id, display_name, NULL, [id] FROM entitlements
), ranked AS (
    SELECT kind, id, name, detail,
        CASE WHEN list_contains(keys, $text) OR (name = $text AND kind <> 'entitlement') THEN 1
             WHEN list_contains(list_transform(keys, lambda key: lower(key)), lower($text))
                  OR (lower(name) = lower($text) AND kind <> 'entitlement') THEN 2
             WHEN kind <> 'entitlement' AND (starts_with(lower(name), lower($text))
                  OR len(list_filter(keys, lambda key: starts_with(lower(key), lower($text)))) > 0) THEN 3
        END AS rank
    FROM subjects WHERE list_contains($kinds, kind)
), best AS (SELECT * FROM ranked WHERE rank <= $worst AND rank = (SELECT min(rank) FROM ranked))
SELECT kind, id, name, detail, count(*) OVER () AS total FROM best ORDER BY kind, name, id LIMIT {LISTED_CANDIDATES}
"""  # noqa: S608 - made of constants

_WHOLE, _BEGINNING = 2, 3


class _Match(Subject, frozen=True, kw_only=True):
    total: int


def find(
    snapshot: Snapshot, text: str, kinds: Sequence[str] = tuple(KINDS_IN_WORDS), *, whole: bool = False
) -> Subject:
    """The one subject of ``kinds`` that ``text`` names. Entitlements answer to their ids only.

    Args:
        whole: the beginning of a name is not enough, for who is about to change something.

    Raises:
        NotFound: nothing fits; it says so when something of another kind does, or only begins so.
        Ambiguous: several fit equally well.
    """
    matches = _matches(snapshot, text, kinds, _WHOLE if whole else _BEGINNING)
    if not matches and whole:
        longer = [_subject(match) for match in _matches(snapshot, text, kinds, _BEGINNING)]
        raise NotFound(text, _looked_for(kinds), beginning_so=longer)
    if not matches:
        others = [kind for kind in KINDS_IN_WORDS if kind not in kinds]
        raise NotFound(
            text, _looked_for(kinds), [_subject(match) for match in _matches(snapshot, text, others, _BEGINNING)]
        )
    if matches[0].total > 1:
        raise Ambiguous(text, [_subject(match) for match in matches], matches[0].total)
    return _subject(matches[0])


def find_principal(snapshot: Snapshot, text: str) -> Subject:
    """:func:`find` among accounts, groups and service principals."""
    return find(snapshot, text, PRINCIPALS)


def find_held(snapshot: Snapshot, text: str) -> Subject:
    """:func:`find` among what can be held: resources and entitlements."""
    return find(snapshot, text, RESOURCES)


def _matches(snapshot: Snapshot, text: str, kinds: Sequence[str], worst: int) -> list[_Match]:
    if not text.strip() or not kinds:
        return []
    return snapshot.rows(_Match, _FIND, {"text": text.strip(), "kinds": list(kinds), "worst": worst})


def _subject(match: _Match) -> Subject:
    return Subject(kind=match.kind, id=match.id, name=match.name, detail=match.detail)


def _looked_for(kinds: Sequence[str]) -> str:
    words = [kind.replace("_", " ") for kind in kinds]
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
