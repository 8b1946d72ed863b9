"""The one statement that writes a chunk of the ledger: every endpoint's rules in their order, the first that decides.

docs/policy.md has the order in words. Whatever makes the statement longer (older versions, required incidents,
addresses that stand in for others) is in it only where there is such a thing.
"""

from __future__ import annotations

from typing import NamedTuple

from tocsin.domain.audience import Audiences


class Kind(NamedTuple):
    """What makes the statement longer.

    `follows`: there are older versions. `required`: the set of audiences that must hear. `stands_in`: some address
    failed for good and has a fallback. `by_choice`: the policy has some of them hear of what they chose alone.
    """

    follows: bool
    required: int
    stands_in: bool
    by_choice: bool = False


# $1 update, $2 buckets, $3 audiences, $4 public, $5 severity, $6 phase, $7 components, $8 older updates, $9 incident,
# $10 version, $11 urgent, $12 closes the incident, $13 muted channels, $14 groups, and the policy's cells for this
# severity: $15 audiences, $16 channels, $17 phases, $18 whether they are the most that is allowed, and where there is
# such a cell $19 whether it is for those alone who chose a component.
def statement(audiences: Audiences, kind: Kind) -> str:
    """Return the statement for one kind of update."""
    return f"""{_decided(audiences, kind, _SUPERSEDE)}, i AS (
      INSERT INTO delivery (update_id, bucket_id, endpoint_id, audience, state, reason, rule, since, due_at, done_at)
      SELECT $1::int, r.bucket_id, r.id, r.audience, s.state::delivery_state,
        CASE WHEN s.state = 'superseded' THEN 'newer_version' ELSE r.reason END, r.rule,
        coalesce(r.since, t.now), CASE WHEN s.state = 'pending' THEN t.now END,
        CASE WHEN s.state <> 'pending' THEN t.now END
      FROM best r, t, LATERAL (SELECT {_STATE} AS state) s
      WHERE r.bucket_id = ANY($2::int[]) ORDER BY r.bucket_id, r.id
      -- What a mute kept back is decided anew when the mute ends; everything else is written once.
      ON CONFLICT (update_id, bucket_id, endpoint_id) DO UPDATE SET state = excluded.state, reason = excluded.reason,
        rule = excluded.rule, since = excluded.since, due_at = excluded.due_at, done_at = excluded.done_at
        WHERE delivery.state = 'suppressed' AND delivery.reason = 'muted'
      RETURNING bucket_id, state
    ), n AS (
      SELECT bucket_id, count(*) AS n FROM i WHERE state = 'pending' GROUP BY 1
    ), b AS (
      UPDATE bucket b SET gen = gen + 1, due_n = due_n + n.n, urgent = urgent OR $11::bool,
        due_at = CASE WHEN lease_until > t.now THEN due_at ELSE t.now END,
        live = CASE WHEN $1::int = ANY(live) THEN live ELSE live || $1::int END
      FROM n, t WHERE b.id = n.bucket_id RETURNING b.channel, n.n
    )
    SELECT channel, sum(n)::int AS n FROM b GROUP BY 1
    """


def counting(audiences: Audiences, kind: Kind) -> str:
    """Return the statement that decides the same and writes nothing: how many would be told, or not and why."""
    return f"""{_decided(audiences, kind, _OVERTAKEN)}
    SELECT r.audience, r.channel, coalesce(e.locale, p.locale, 'en') AS locale, {_STATE} AS state, r.reason,
      count(*)::int AS n
    FROM best r JOIN endpoint e ON e.id = r.id LEFT JOIN subscriber p ON p.id = e.subscriber_id, t
    WHERE r.bucket_id = ANY($2::int[]) AND ($1::int, $11::bool) IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    """


def _decided(audiences: Audiences, kind: Kind, older: str) -> str:
    """Return what every rule decides, ending in `best`; `older` is what becomes of versions not sent yet."""
    narrowest = " ".join(f"WHEN addressed & {audience.bit} <> 0 THEN {audience.id}" for audience in audiences.ordered)
    return f"""
    WITH RECURSIVE t AS MATERIALIZED (
      SELECT tocsin_epoch() AS now, coalesce((
        SELECT bit_or(audiences) FROM incident_update
        WHERE incident_id = $9::int AND version > $10::int AND notify), 0) AS newer
    ), cell AS MATERIALIZED (
      SELECT * FROM unnest($15::smallint[], $16::text[], $17::smallint[], $18::bool[]{", $19::bool[]" * kind.by_choice})
        AS x (audience, channel, allowed, most{", choosers" * kind.by_choice})
    ){_CHAIN if kind.stands_in else ""}, x AS MATERIALIZED ({_endpoints(kind)}
    ), chose AS MATERIALIZED (
      -- Of these endpoints alone: a component may have been chosen by a million.
      SELECT x.choices FROM x JOIN endpoint_component c ON c.endpoint_id = x.choices
      WHERE NOT x.all_components AND c.component_id = ANY($7::int[])
      UNION ALL
      SELECT x.choices FROM x JOIN endpoint_group g ON g.endpoint_id = x.choices
      WHERE NOT x.all_components AND g.group_id = ANY($14::int[])
    ), w AS (
      SELECT e.id, e.bucket_id, e.subscriber_id, e.channel, e.state, e.least, e.phases, e.audiences, e.stands_in,
        e.audience, e.all_components, $9::int = ANY(e.follows) AS followed,
        -- Who followed one alone hears of all they chose again once it is over.
        e.only_follows AND EXISTS (
          SELECT FROM incident i WHERE i.id = ANY(e.follows) AND i.resolved_at IS NULL) AS only_follows,
        e.snoozed IS NOT NULL AND e.snoozed -> $9::int::text = 'null'::jsonb AS snoozed,
        coalesce(c.allowed, 63) AS allowed, coalesce(c.most, false) AS most,{_CHOOSERS * kind.by_choice}
        e.all_components OR cardinality($7::int[]) = 0 OR e.choices IN (SELECT choices FROM chose) AS chosen
      FROM (SELECT *, CASE {narrowest} END AS audience FROM x) e
        LEFT JOIN cell c ON c.audience = e.audience AND c.channel = e.channel
      WHERE CASE WHEN e.channel = 'status_page' THEN $4::bool ELSE e.addressed <> 0 END
    ), superseded AS ({older if kind.follows else _NOTHING_OLDER}
    ), o AS (
      -- A newer version inherits the longest wait, and that there was news which never went out.
      SELECT endpoint_id, min(since) AS since, bool_or(unsent) AS owed FROM superseded GROUP BY 1
    ), k AS MATERIALIZED (
      SELECT w.*, o.since, o.owed, {_TOLD if kind.follows else "false"} AS told
      FROM w LEFT JOIN o ON o.endpoint_id = w.id
    ), d AS ({_DECIDE.format(by_choice=_BY_CHOICE * kind.by_choice)}
    ), r AS MATERIALIZED (  -- else every use of a reason would decide it again
      SELECT d.*, CASE WHEN reason IS NULL THEN CASE
        WHEN stands_in THEN 'fallback'
        WHEN $12::bool AND told THEN 'closure'
        WHEN followed THEN 'followed'
        WHEN NOT all_components AND cardinality($7::int[]) > 0 THEN 'components' END END AS rule FROM d
    ){_last(kind)}"""


def _endpoints(kind: Kind) -> str:
    """Return who is looked at: the chunk's endpoints, and where one of several must hear, others of the same people."""
    where = "bucket_id = ANY($2::int[])"
    if kind.required:
        where = f"subscriber_id IN (SELECT subscriber_id FROM endpoint WHERE {where})"
    return f"""
        SELECT id, id AS choices, bucket_id, false AS stands_in, {_WISHES}
        FROM endpoint WHERE {where}{_STANDING_IN if kind.stands_in else ""}"""


def _last(kind: Kind) -> str:
    """Return what is decided among endpoints of one subscriber, ending in `best`: one line for each endpoint."""
    steps, source = "", "r"
    if kind.required:
        steps, source = steps + _MUST.format(source=source, mask=kind.required), "must"
    if kind.stands_in:
        return (
            steps
            + f""", best AS (
      -- Who stands in hears what itself or the other would hear.
      SELECT DISTINCT ON (id) * FROM {source} ORDER BY id, reason IS NOT NULL, stands_in
    )"""
        )
    return f"{steps}, best AS (SELECT * FROM {source})"


# Of whoever must hear at least one endpoint does: the first that does by itself, else the first that may be written to.
_MUST = """, must AS (
      SELECT id, bucket_id, channel, state, audiences, audience, since, stands_in,
        CASE WHEN id <> chosen_one OR chosen_one IS NULL THEN reason END AS reason,
        CASE WHEN id = chosen_one AND marked THEN 'required' ELSE rule END AS rule
      FROM (
        SELECT r.*, bool_or((1 << audience) & {mask} <> 0) OVER same AS marked, coalesce(
          min(id) FILTER (WHERE reason IS NULL) OVER same,
          min(id) FILTER (WHERE state = 'active' AND reason <> 'muted' AND (1 << audience) & {mask} <> 0) OVER same
        ) AS chosen_one FROM {source} r WINDOW same AS (PARTITION BY subscriber_id)) q
    )"""
_WISHES = """subscriber_id, channel, state, audiences, least, phases, all_components, follows, only_follows, snoozed,
        CASE WHEN channel = 'status_page' THEN audiences ELSE audiences & $3::int END AS addressed"""
_DECIDE = """
      SELECT k.*, CASE
        WHEN k.state <> 'active' THEN k.state::text
        WHEN k.channel = ANY($13::text[]) THEN 'muted'
        WHEN $12::bool AND k.told THEN NULL
        WHEN k.snoozed THEN 'snoozed'
        WHEN k.only_follows AND NOT k.followed THEN 'not_followed'
        WHEN NOT k.followed AND NOT k.chosen THEN 'components_not_chosen'
        WHEN NOT k.followed AND $5::smallint > k.least THEN 'below_least_severity'
        WHEN k.owed THEN NULL{by_choice}
        WHEN k.phases & p.phases = 0 THEN 'phase_not_chosen'
        WHEN k.allowed & p.phases = 0 AND (k.most OR (k.phases IS NULL AND (k.allowed <> 0 OR k.least IS NULL)))
          THEN 'policy' END AS reason
      -- To who has heard nothing yet any news of an incident is that it began.
      FROM k, LATERAL (SELECT $6::int | CASE WHEN $12::bool OR k.told OR $6::int = 16 THEN 0 ELSE 1 END AS phases) p"""
_CHOOSERS = """
        coalesce(c.choosers, false) AS choosers,"""
_BY_CHOICE = """
        WHEN k.choosers AND k.all_components AND NOT k.followed THEN 'policy'"""
_STATE = """CASE
        WHEN r.state <> 'active' OR r.reason = 'muted' THEN 'suppressed'
        WHEN r.reason IS NOT NULL THEN 'skipped'
        WHEN r.channel <> 'status_page' AND r.audiences & t.newer <> 0 THEN 'superseded'
        ELSE 'pending' END"""
# Whoever was told, or may be told this very moment, has a right to hear the end.
_TOLD = """(o.endpoint_id IS NOT NULL OR EXISTS (
          SELECT 1 FROM pace p WHERE p.endpoint_id = w.id AND p.told && $8::int[]))"""
# From each address that failed for good along its fallbacks to the first that may be written to.
_CHAIN = """, chain (origin, at) AS (
      SELECT id, fallback_id FROM endpoint WHERE state = 'quarantined' AND fallback_id IS NOT NULL
      UNION
      SELECT c.origin, f.fallback_id FROM chain c JOIN endpoint f ON f.id = c.at
      WHERE f.state = 'quarantined' AND f.fallback_id IS NOT NULL
    )"""
_STANDING_IN = """ UNION ALL
        SELECT f.id, e.id, f.bucket_id, true, f.subscriber_id, f.channel, f.state, f.audiences, e.least, e.phases,
          e.all_components, e.follows, e.only_follows, e.snoozed, f.audiences & $3::int
        FROM chain c JOIN endpoint f ON f.id = c.at JOIN endpoint e ON e.id = c.origin
        WHERE f.state = 'active' AND f.bucket_id = ANY($2::int[])"""
_NOTHING_OLDER = "SELECT NULL::int AS endpoint_id, NULL::float8 AS since, NULL::bool AS unsent WHERE $8::int[] IS NULL"
# What nobody knows of was perhaps heard: it counts as accepted, and is never sent again after this.
_SUPERSEDE = """
      UPDATE delivery d SET due_at = NULL, done_at = t.now,
        state = CASE WHEN d.state = 'unknown' THEN 'accepted' ELSE 'superseded' END::delivery_state,
        reason = CASE WHEN d.state = 'unknown' THEN 'outcome_unknown' ELSE 'newer_version' END
      FROM w, t
      WHERE d.update_id = ANY($8::int[]) AND d.bucket_id = ANY($2::int[]) AND d.bucket_id = w.bucket_id
        AND d.endpoint_id = w.id AND d.state IN ('pending', 'held', 'unknown')
      RETURNING d.endpoint_id, d.since, d.state = 'superseded' AS unsent"""
# The rows that would be superseded, left as they are.
_OVERTAKEN = """
      SELECT d.endpoint_id, d.since, d.state <> 'unknown' AS unsent FROM delivery d JOIN w ON d.endpoint_id = w.id
      WHERE d.update_id = ANY($8::int[]) AND d.bucket_id = ANY($2::int[]) AND d.bucket_id = w.bucket_id
        AND d.state IN ('pending', 'held', 'unknown')"""
