"""The day itself: the same scenes against the app with launchready and the app without, then the comparison."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import ModuleType

from launchready.demo.coach import CoachApp
from launchready.demo.mailbox import Mailbox
from launchready.demo.people import Net, Person, crowd, sign_up_and_log_in
from launchready.demo.scenes import catalogue, logs, origins, passwords, payments, slots
from launchready.demo.scenes.scene import Outcome, Stage
from launchready.demo.servers import NotStarted
from launchready.demo.wire import Broken

SCENES: tuple[ModuleType, ...] = (payments, slots, passwords, origins, catalogue, logs)
PEOPLE = 40
Say = Callable[[str], None]
Play = Callable[[Stage], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Day:
    """What one app lived through: an outcome for each scene, in their order, and the seconds of every request."""

    people: list[Person]
    outcomes: list[Outcome]
    seconds: dict[str, list[float]]

    @property
    def broken(self) -> list[str]:
        return [promise for outcome in self.outcomes for promise in outcome.broken]


async def play(app: CoachApp, mailbox: Mailbox, say: Say) -> Day:
    people = crowd(PEOPLE)
    outcomes = []
    async with Net(app.server.port) as net:
        try:
            await sign_up_and_log_in(net, people)
        except (AssertionError, Broken) as error:
            raise NotStarted(f"customers cannot sign up: {error}\n{app.server.last_words()}") from error
        stage = Stage(app, net, people, mailbox)
        for scene in SCENES:
            start = time.perf_counter()
            outcomes.append(await perform(scene.play, stage))
            seconds = time.perf_counter() - start
            say(f"{'with' if app.protected else 'without'} launchready: {scene.TITLE} ({seconds:.1f} s)")
        return Day(people, outcomes, dict(net.seconds))


async def perform(scene: Play, stage: Stage) -> Outcome:
    """A scene that fails is a broken promise of its own, and the day goes on."""
    try:
        return await scene(stage)
    except Exception as error:
        return Outcome(f"could not be played: {error!r}", [f"the scene can be played: {error!r}"])
