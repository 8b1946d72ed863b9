"""The database holds the same table of moves as the domain, and neither attempts nor receipts are ever rewritten."""

from __future__ import annotations

from itertools import product

import asyncpg
import pytest

from delivery.world import World
from tocsin.domain.delivery import BORN, MOVES, UNFINISHED, State

STORED: list[State] = [state for state in State if state is not State.SENDING]
ROW = """
    INSERT INTO delivery (update_id, bucket_id, endpoint_id, audience, state, reason, since, due_at)
    VALUES (1, 1, 1, 0, $1::text::delivery_state, 'policy', 0, $2)
"""
MOVE = "UPDATE delivery SET state = $1::text::delivery_state, due_at = $2"


async def is_refused(connection: asyncpg.Connection, statement: str, state: State) -> bool:
    """Try a statement and take it back."""
    tried = connection.transaction()
    await tried.start()
    try:
        await connection.execute(statement, state.value, 1.0 if state in UNFINISHED else None)
    except asyncpg.CheckViolationError as refused:
        return "cannot be" in str(refused)  # no other constraint stood in the way
    finally:
        await tried.rollback()
    return False


async def test_the_database_allows_what_the_table_has_and_nothing_else(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    allowed: set[tuple[State, State]] = set()
    for before in STORED:
        whole = connection.transaction()
        await whole.start()
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(ROW, before.value, 1.0 if before in UNFINISHED else None)
        await connection.execute("SET LOCAL session_replication_role = origin")
        allowed |= {(before, after) for after in STORED if not await is_refused(connection, MOVE, after)}
        await whole.rollback()
    born: set[State] = {state for state in STORED if not await is_refused(connection, ROW, state)}
    await connection.close()
    told: set[tuple[State, State]] = {
        (before, after) for before, after in product(STORED, STORED) if before is after or after in MOVES[before]
    }
    assert allowed == told
    assert born == BORN


def test_every_stored_state_has_its_place_in_the_table() -> None:
    assert set(MOVES) == set(STORED)
    assert State.SENDING not in set().union(*MOVES.values())
    # What was taken stays taken, save that it bounced; whoever tries that again does it knowingly.
    assert MOVES[State.ACCEPTED] | MOVES[State.DELIVERED] == {State.DELIVERED, State.BOUNCED}


EVIDENCE = [
    "DELETE FROM attempt",
    "TRUNCATE attempt",
    "UPDATE attempt SET finished_at = NULL",
    "UPDATE attempt SET started_at = started_at - 1",
    "UPDATE attempt SET endpoints = '{}'",
    "UPDATE attempt SET updates = updates || 9",
    "UPDATE attempt SET messages = messages || 1",
    "UPDATE attempt SET outcomes = array_fill('give_up'::text, ARRAY[cardinality(outcomes)])",
    "UPDATE attempt SET worker = 'another'",
    "UPDATE attempt SET lost = false WHERE lost",
    "DELETE FROM receipt",
    "TRUNCATE receipt",
    "UPDATE receipt SET kind = 'delivered'",
    "UPDATE receipt SET code = '550'",
    "UPDATE receipt SET note = 'nothing happened'",
    "UPDATE receipt SET received_at = received_at - interval '1 hour'",
    "DELETE FROM delivery",
    "TRUNCATE delivery",
]


async def test_evidence_is_never_rewritten(world: World) -> None:
    await world.person("a@example.com")
    await world.tell("It is down.")
    await world.run("UPDATE attempt SET lost = true WHERE channel = 'email'")
    await world.run(
        "INSERT INTO receipt (provider, update_id, endpoint_id, kind, note) VALUES ('practice', 1, 1, 'bounced', 'no')"
    )
    for statement in EVIDENCE:
        with pytest.raises(Exception, match="is evidence: it is never changed or deleted"):
            await world.run(statement)
    await world.run("UPDATE receipt SET note = ''")  # whoever is gone is forgotten
