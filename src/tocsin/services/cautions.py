"""What an author should think about before posting: nobody who hears, words that go further than they seem."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.look import Caution
from tocsin.services.preview import Preview
from tocsin.services.samples import Sample


def cautions(found: Preview, samples: Sequence[Sample], audiences: Audiences) -> list[Caution]:
    """Return all of them, each once."""
    of_samples = (caution for sample in samples for caution in sample.look.warnings)
    return list(dict.fromkeys((*_of_reach(found, audiences), *_of_words(found, audiences), *of_samples)))


def _of_reach(found: Preview, audiences: Audiences) -> Iterator[Caution]:
    if not found.snapshot.notify:
        yield Caution("notify_is_off", "Nobody is written to: `notify` is false. The status page alone changes.")
        return
    heard = {one.audience for one in found.reach if one.state == "pending" and one.channel != ChannelName.STATUS_PAGE}
    addressed = audiences.in_mask(found.snapshot.audiences)
    if not heard:
        yield Caution("nobody_hears", "Nobody would be written to. See the reasons in `reach`.")
        return
    for audience in addressed:
        if audience.id not in heard:
            yield Caution("audience_hears_nothing", f"Nobody of {audience.name} would be written to.")


def _of_words(found: Preview, audiences: Audiences) -> Iterator[Caution]:
    written = {key.partition(".")[0] for key in found.snapshot.texts}
    for audience in audiences.in_mask(found.snapshot.audiences) if written else ():
        if audience.name in written:
            continue
        wider = [other.name for other in audiences.ordered if other.rank > audience.rank and other.name in written]
        whose = f"the text for {wider[0]}" if wider else "`body`"
        yield Caution("text_inherited", f"{audience.name} has no text of its own and reads {whose}.")
    if not found.snapshot.components:
        yield Caution("no_components", "No component is named, so this concerns everyone, whatever they chose.")
