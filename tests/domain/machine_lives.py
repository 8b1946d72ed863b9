"""Short lives of a machine, each of which shows one promise: a store that keeps it leads the life to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings

from domain.machine import Machine
from domain.machine_store import Store
from domain.pure_nouns import EVERYONE, INSIDE
from tocsin.domain.channel import ReceiptKind
from tocsin.domain.incident import Severity, Status

Life = Callable[[Machine], None]
# The same examples in every run, found by generation alone: a machine that fails shows it in the steps it took.
SAME = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    print_blob=False,
)
DELIVERED, BOUNCED = ReceiptKind.DELIVERED, ReceiptKind.BOUNCED


def of(store: type[Any], **how: Any) -> type[Machine]:
    """Return the machine over a store that is made anew for each life."""

    class Over(Machine):
        def make_store(self) -> Store:
            made: Store = store(**how)
            return made

    return Over


def lead(life: Life, machine: type[Machine]) -> None:
    """Lead a life on a machine of its own, and let it come to rest."""
    led = machine()
    life(led)
    led.every_promise_is_kept()
    led.teardown()


def _told(machine: Machine, audiences: int = INSIDE) -> None:
    machine.submit(Severity.SEV1, audiences)
    machine.fan_out()
    machine.claim_and_hand_over()


def overtaken_in_flight_and_heard(machine: Machine) -> None:
    _told(machine)
    machine.newer_version(0, Status.IDENTIFIED, Severity.SEV1, INSIDE)
    machine.fan_out()
    machine.provider_accepts(0)


def cancelled_in_flight_and_heard(machine: Machine) -> None:
    _told(machine)
    machine.cancel(0)
    machine.provider_accepts(0)


def a_receipt_before_its_answer(machine: Machine) -> None:
    _told(machine)
    machine.receipt(0, DELIVERED, same=False)
    machine.provider_accepts(0)


def a_bounce_before_its_answer(machine: Machine) -> None:
    _told(machine)
    machine.receipt(0, BOUNCED, same=False)
    machine.provider_accepts(0)


def receipts_in_their_order(machine: Machine) -> None:
    _told(machine)
    machine.provider_accepts(0)
    machine.receipt(0, DELIVERED, same=False)
    machine.receipt(0, BOUNCED, same=False)


def receipts_against_their_order(machine: Machine) -> None:
    _told(machine)
    machine.provider_accepts(0)
    machine.receipt(0, BOUNCED, same=False)
    machine.receipt(0, DELIVERED, same=False)
    machine.receipt(0, BOUNCED, same=True)
    machine.receipt(0, BOUNCED, same=True)


def a_worker_dies_after_handing_over(machine: Machine) -> None:
    _told(machine)
    machine.worker_dies(0)
    machine.lease_expires()
    machine.claim_and_hand_over()
    machine.provider_accepts(0)


def what_is_sent_again_is_put_off(machine: Machine) -> None:
    _told(machine)
    machine.worker_dies(0)
    machine.lease_expires()
    machine.claim_and_hand_over()
    machine.provider_refuses(0, "try again")


def a_doubt_is_cleared(machine: Machine) -> None:
    _told(machine)
    machine.provider_says_nothing(0)
    for _ in range(2):
        machine.time_passes(433.7)
        machine.claim_and_hand_over()
        machine.what_is_in_doubt_is_looked_for(0, "cleared")
    machine.time_passes(433.7)
    machine.claim_and_hand_over()
    machine.provider_accepts(0)


def nobody_can_be_asked(machine: Machine) -> None:
    _told(machine)
    machine.provider_says_nothing(0)
    for how in ("ask again", "ask again", "no answer"):
        machine.time_passes(433.7)
        machine.claim_and_hand_over()
        machine.what_is_in_doubt_is_looked_for(0, how)


def a_late_refusal(machine: Machine) -> None:
    _told(machine)
    machine.another_takes_over()
    machine.provider_refuses(0, "refused")


def a_late_acceptance(machine: Machine) -> None:
    _told(machine)
    machine.another_takes_over()
    machine.provider_accepts(0)


def a_second_worker_comes_by(machine: Machine) -> None:
    _told(machine)
    machine.claim_and_hand_over()
    machine.provider_accepts(0)


def somebody_unsubscribes(machine: Machine) -> None:
    machine.submit(Severity.SEV1, INSIDE)
    machine.fan_out()
    machine.unsubscribe(0)
    machine.newer_version(0, Status.IDENTIFIED, Severity.SEV1, INSIDE)
    machine.fan_out()
    machine.claim_and_hand_over()


def a_provider_is_busy(machine: Machine) -> None:
    _told(machine)
    machine.provider_refuses(0, "try again")


def the_broker_forgets(machine: Machine) -> None:
    machine.submit(Severity.SEV1, EVERYONE)
    machine.fan_out()
    machine.flush_the_broker()


def a_channel_is_paused(machine: Machine) -> None:
    machine.submit(Severity.SEV1, EVERYONE)
    machine.fan_out()
    machine.pause_or_go_on()
    machine.claim_and_hand_over()


def an_old_receipt_after_a_new_try(machine: Machine) -> None:
    _told(machine)
    machine.provider_accepts(0)
    machine.receipt(0, BOUNCED, same=False)
    machine.retry(0)
    machine.receipt(0, BOUNCED, same=False)


def a_worker_dies_over_a_new_try(machine: Machine) -> None:
    _told(machine)
    machine.provider_says_nothing(0)
    machine.receipt(0, BOUNCED, same=False)
    machine.retry(0)
    machine.time_passes(433.7)  # the pace that was spent
    machine.claim()
    machine.worker_dies(0)
    machine.lease_expires()
    machine.claim()


LIVES: list[Life] = [
    overtaken_in_flight_and_heard,
    cancelled_in_flight_and_heard,
    a_receipt_before_its_answer,
    a_bounce_before_its_answer,
    receipts_in_their_order,
    receipts_against_their_order,
    a_worker_dies_after_handing_over,
    what_is_sent_again_is_put_off,
    a_doubt_is_cleared,
    nobody_can_be_asked,
    a_late_refusal,
    a_late_acceptance,
    a_second_worker_comes_by,
    somebody_unsubscribes,
    a_provider_is_busy,
    the_broker_forgets,
    a_channel_is_paused,
    an_old_receipt_after_a_new_try,
    a_worker_dies_over_a_new_try,
]
