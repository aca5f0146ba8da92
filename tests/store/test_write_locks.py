"""Two processes that write on PostgreSQL at once: who waits for whom, and that every count and name holds then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from bot import limits
from bot.errors import QuotaReached, Refusal
from bot.store.admission import AdmissionLimits
from bot.store.avatars import AvatarStore
from bot.store.blocks import BlockStore
from bot.store.characters import CharacterStore
from bot.store.consent_denials import ConsentDenied
from bot.store.consents import ConsentStore
from bot.store.default_characters import DefaultCharacterStore
from bot.store.drafts import Draft, UnsentImport
from bot.store.groups import GroupStore
from bot.store.jobs import LeaseLost
from bot.store.loans import LoanStore, TakenBack
from bot.store.owned_jobs import OwnedJobStore
from bot.store.person_consents import PersonConsentStore
from bot.store.portable_casts import NoImport, PortableCastStore
from bot.store.privacy import PrivacyStore
from bot.store.provider_state import ProviderStateStore
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import Quota
from bot.store.servers import ServerStore
from bot.store.signatures import Signatures
from bot.store.tables import characters, jobs, keys, sent_messages
from bot.store.task_times import TaskTimeStore
from bot.store.told_alarms import ToldAlarmStore
from bot.store.videos import VideoStore
from bot.store.webhook_events import WebhookEventStore
from bot.store.write_locks import ALARMS, PLACES, PROVIDER, TASK_TIMES, Lock, owner_lock, server_lock
from bot.values.character import Character
from bot.values.job import Job, JobKind, JobNotes, Question, Step, Transition
from bot.values.loan import Answer, LoanRecipient
from bot.values.sent_message import PendingUpdate, ShownContent
from bot.values.task_durations import TaskDurations
from bot.values.watched_tasks import Ended, TaskType
from tests.patience import PATIENCE
from tests.store.duel import FILM, LENDER, OTHER, OWNER, PERSON, SERVER, Act, Duel, Process

_MINE = owner_lock(OWNER)


# -- limits ------------------------------------------------------------------------------------------------------------


async def test_a_person_stays_within_a_limit(duel: Duel) -> None:
    _, refused = await duel.waits(*[lambda its: its.add(Quota(running=1))] * 2)
    assert isinstance(refused, QuotaReached)


async def test_a_person_stays_within_a_day(duel: Duel) -> None:
    _, refused = await duel.waits(*[lambda its: its.add(Quota(day=1))] * 2)
    assert isinstance(refused, QuotaReached)


@pytest.mark.parametrize("quota", [Quota(server_day=1), Quota(server_credits=1)], ids=["videos", "credits"])
async def test_a_server_stays_within_its_day(duel: Duel, quota: Quota) -> None:
    ann = await duel.watch.character()
    _, refused = await duel.waits(
        lambda its: its.film(ann, owner_id=OWNER, quota=quota), lambda its: its.film(ann, quota=quota)
    )
    assert isinstance(refused, QuotaReached)


async def test_a_place_is_given_once(duel: Duel) -> None:
    _, queued = await duel.waits(
        lambda its: its.add(Quota(in_all=1)), lambda its: its.add(Quota(in_all=1), owner_id=OTHER)
    )
    assert isinstance(queued, Job)
    assert queued.admitted_at is None


async def test_a_place_that_is_free_is_given_to_one_who_waits(duel: Duel) -> None:
    quota = Quota(in_all=1)
    ahead = await duel.watch.add(quota)
    for owner in (OTHER, LENDER):
        await duel.watch.add(quota, owner_id=owner)
    await duel.watch.cancel(ahead)
    places = AdmissionLimits(in_all=1)
    await duel.waits(*[lambda its: its.jobs.let_in(places, now=its.now)] * 2)
    admitted = await duel.watch.rows(
        select(jobs.c.owner_id).where(jobs.c.admitted_at.is_not(None), jobs.c.outcome.is_(None))
    )
    assert [row.owner_id for row in admitted] == [OTHER]


async def test_a_job_that_is_cancelled_is_not_let_in(duel: Duel) -> None:
    quota = Quota(running=1, waiting=9)
    first, second = [await duel.watch.add(quota) for _ in range(2)]
    await duel.watch.cancel(first)
    await duel.waits(lambda its: its.cancel(second), lambda its: its.jobs.let_in(AdmissionLimits(each=1), now=its.now))
    [row] = await duel.watch.rows(select(jobs.c.admitted_at, jobs.c.next_attempt_at).where(jobs.c.id == second.id))
    assert tuple(row) == (None, None)


async def test_an_answer_and_a_queued_job_do_not_take_one_place(duel: Duel) -> None:
    places = AdmissionLimits(each=1)
    asked = await duel.watch.add(Quota(running=1), step=Step.CHOOSE, question=Question.SECONDS)
    queued = await duel.watch.add(Quota(running=1, waiting=9), next_attempt_at=None)
    async with duel.watch.database.write() as connection:
        await connection.execute(update(jobs).where(jobs.c.id == queued.id).values(admitted_at=None))
    again = Transition("test", {"step": Step.PREPARE, "question": None})
    await duel.waits(
        lambda its: its.jobs.let_in(places, now=its.now),
        lambda its: OwnedJobStore(its.database).decide(OWNER, asked.id, lambda _: again, now=its.now, running=1),
    )
    at_work = await duel.watch.rows(select(jobs.c.id).where(jobs.c.admitted_at.is_not(None)))
    assert [row.id for row in at_work] == [queued.id]


# -- loans -------------------------------------------------------------------------------------------------------------


async def test_a_loans_uses_are_not_exceeded(duel: Duel, lent: Character) -> None:
    loan = await duel.watch.lend(lent, LoanRecipient(server=SERVER), uses=1)
    _, refused = await duel.waits(
        lambda its: its.film(lent, loan, owner_id=OWNER), lambda its: its.film(lent, loan, owner_id=OTHER)
    )
    assert isinstance(refused, Refusal)


async def test_a_loan_that_is_taken_back_begins_nothing(duel: Duel, lent: Character) -> None:
    loan = await duel.watch.lend(lent, LoanRecipient(person=OTHER))
    _, refused = await duel.waits(lambda its: its.take_back(), lambda its: its.film(lent, loan))
    assert isinstance(refused, Refusal)


async def test_a_loan_that_is_taken_back_stops_what_has_just_begun(duel: Duel, lent: Character) -> None:
    loan = await duel.watch.lend(lent, LoanRecipient(person=OTHER))
    begun, taken = await duel.waits(lambda its: its.film(lent, loan), lambda its: its.take_back())
    assert isinstance(begun, Job)
    assert isinstance(taken, TakenBack)
    assert [job.id for job in taken.stopped] == [begun.id]


async def test_what_is_just_being_sent_is_not_stopped(duel: Duel, lent: Character) -> None:
    loan = await duel.watch.lend(lent, LoanRecipient(person=OTHER))
    job = await duel.watch.film(lent, loan, lease_owner="runner", step=Step.SUBMIT)
    sent = Transition("test", {"submit_started_at": job.created_at})
    _, taken = await duel.waits(
        lambda its: its.jobs.apply(job.id, job.lease, sent, now=its.now), lambda its: its.take_back()
    )
    assert taken == TakenBack(loans=1, going_on=1)


async def test_what_is_stopped_is_not_sent(duel: Duel, lent: Character) -> None:
    loan = await duel.watch.lend(lent, LoanRecipient(person=OTHER))
    job = await duel.watch.film(lent, loan, lease_owner="runner", step=Step.SUBMIT)
    sent = Transition("test", {"submit_started_at": job.created_at})
    _, lost = await duel.waits(
        lambda its: its.take_back(), lambda its: its.jobs.apply(job.id, job.lease, sent, now=its.now)
    )
    assert isinstance(lost, LeaseLost)


async def test_a_loan_that_is_given_back_is_lent_anew(duel: Duel, lent: Character) -> None:
    to = LoanRecipient(person=OTHER)
    loan = await duel.watch.lend(lent, to)
    given, anew = await duel.waits(
        lambda its: LoanStore(its.database).give_back(OTHER, loan), lambda its: its.lend(lent, to)
    )
    assert given is True
    assert anew not in (loan, None)


# -- casts -------------------------------------------------------------------------------------------------------------


async def test_a_name_is_given_once(duel: Duel) -> None:
    made = [await duel.watch.leased(step=Step.COLLECT) for _ in range(2)]
    stored = await duel.waits(lambda its: its.store(made[0]), lambda its: its.store(made[1]))
    assert [each.name for each in stored if isinstance(each, Character)] == ["Ann", "Ann 2"]


@pytest.mark.parametrize(("change", "wanted"), [("rename", PendingUpdate.REDRAWN), ("delete", PendingUpdate.EMPTIED)])
async def test_a_card_that_is_just_sent_follows_a_change(duel: Duel, change: str, wanted: PendingUpdate) -> None:
    ann = await duel.watch.character()

    def changing(its: Process) -> Awaitable[object]:
        store = CharacterStore(its.database)
        return store.rename(OWNER, ann.id, "Zoe") if change == "rename" else store.delete(OWNER, ann.id)

    await duel.waits(changing, lambda its: its.note(ann))
    assert [row.wanted for row in await duel.watch.rows(select(sent_messages.c.wanted))] == [wanted]


async def test_a_change_follows_a_card_that_is_just_sent(duel: Duel) -> None:
    ann = await duel.watch.character()
    await duel.waits(lambda its: its.note(ann), lambda its: CharacterStore(its.database).rename(OWNER, ann.id, "Zoe"))
    assert [row.wanted for row in await duel.watch.rows(select(sent_messages.c.wanted))] == [PendingUpdate.REDRAWN]


async def test_a_group_is_made_once(duel: Duel) -> None:
    _, refused = await duel.waits(*[lambda its: GroupStore(its.database).create(OWNER, "Friends", now=its.now)] * 2)
    assert isinstance(refused, Refusal)


async def test_a_default_is_chosen_once(duel: Duel) -> None:
    ann = await duel.watch.character()
    chosen = await duel.waits(*[lambda its: DefaultCharacterStore(its.database).choose(OWNER, None, ann.id)] * 2)
    assert chosen == (True, True)


async def test_an_asset_has_one_place(duel: Duel) -> None:
    ann, zoe = await duel.watch.character(), await duel.watch.character(OTHER)
    added = await duel.waits(
        lambda its: AvatarStore(its.database, places=1).add(OWNER, ann.id, "a" * 64, "asset-1", now=its.now),
        lambda its: AvatarStore(its.database, places=1).add(OTHER, zoe.id, "b" * 64, "asset-2", now=its.now),
    )
    assert added == ((), ("asset-1",))


async def test_an_asset_goes_with_its_character(duel: Duel) -> None:
    ann = await duel.watch.character()
    await AvatarStore(duel.watch.database, places=1).add(OWNER, ann.id, "a" * 64, "asset", now=duel.watch.now)
    _, used = await duel.waits(
        lambda its: CharacterStore(its.database).delete(OWNER, ann.id),
        lambda its: AvatarStore(its.database, places=1).used(OWNER, ann.id, ["a" * 64], now=its.now),
    )
    assert used == {}


async def test_an_import_replaces_another(duel: Duel) -> None:
    def offer(name: str) -> Act:
        content = UnsentImport(characters=1, size=1)
        return lambda its: PortableCastStore(its.database, its.people).offer(
            Draft(id=name, owner_id=OWNER, content=content, created_at=its.now)
        )

    assert await duel.waits(offer("one"), offer("other")) == ([], ["one"])


# -- consent and privacy -----------------------------------------------------------------------------------------------


async def test_a_consent_is_recorded_once(duel: Duel) -> None:
    job = await duel.watch.add(step=Step.CHOOSE, question=Question.CONSENT)
    assert await duel.waits(*[lambda its: ConsentStore(its.database).record(OWNER, job.id, now=its.now)] * 2) == (
        True,
        True,
    )


async def test_who_waits_for_answers_asks_no_more_than_allowed(duel: Duel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PEOPLE_ASKED", 1)
    ann = await duel.watch.character()

    def ask(person: int) -> Act:
        return lambda its: PersonConsentStore(its.database, its.people).ask(OWNER, ann.id, person, now=its.now)

    _, refused = await duel.waits(ask(PERSON), ask(PERSON + 1))
    assert isinstance(refused, Refusal)


async def test_after_a_no_nothing_is_stored_that_shows_it(duel: Duel, lent: Character) -> None:
    job = await duel.watch.leased(owner_id=OTHER, step=Step.COLLECT)
    consents = PersonConsentStore(duel.watch.database, duel.watch.people)
    asked = await consents.ask(LENDER, lent.id, PERSON, now=duel.watch.now)
    assert asked is not None
    _, denied = await duel.waits(
        lambda its: PersonConsentStore(its.database, its.people).answer(PERSON, asked.id, Answer.NO, now=its.now),
        lambda its: its.keep_film(job, [lent]),
    )
    assert isinstance(denied, ConsentDenied)


def erase(its: Process) -> Awaitable[object]:
    return PrivacyStore(its.database, its.people).erase(OWNER, now=its.now)


async def test_what_is_stored_while_all_is_deleted_is_not(duel: Duel) -> None:
    job = await duel.watch.leased(step=Step.COLLECT)
    _, lost = await duel.waits(erase, lambda its: its.store(job))
    assert isinstance(lost, LeaseLost)
    assert await duel.watch.rows(select(characters.c.id)) == []


async def test_what_is_sent_while_all_is_deleted_is_not_kept(duel: Duel) -> None:
    job = await duel.watch.leased(step=Step.COLLECT)
    ann = await duel.watch.store(job)
    result: dict[str, Any] = {"shows": ShownContent.RESULT, "character_id": None, "job_id": job.id}
    await duel.waits(erase, lambda its: its.note(ann, **result))
    assert await duel.watch.rows(select(sent_messages.c.id)) == []


# -- what is no person's -----------------------------------------------------------------------------------------------


async def test_an_event_wakes_its_job_once(duel: Duel) -> None:
    await duel.watch.add(step=Step.WATCH, task_id="task-1", submit_started_at=duel.watch.now)

    def receive(its: Process) -> Awaitable[object]:
        return WebhookEventStore(its.database).receive("event", task_id="task-1", business_id=None, now=its.now)

    assert await duel.waits(receive, receive) == (True, False)


async def test_an_event_before_its_task_is_known_is_found_then(duel: Duel) -> None:
    found = await duel.waits(
        lambda its: WebhookEventStore(its.database).receive("event", task_id="t", business_id=None, now=its.now),
        lambda its: WebhookEventStore(its.database).waiting_for("job", "t"),
    )
    assert found == (False, True)


async def test_a_pause_is_news_once(duel: Duel) -> None:
    assert await duel.waits(*[lambda its: ProviderStateStore(its.database).pause("402", now=its.now)] * 2) == (
        True,
        False,
    )


async def test_durations_are_all_counted(duel: Duel) -> None:
    its_type = TaskType(JobKind.CHARACTER, "sora-2")
    ended = [Ended(its_type, 10, 20)]
    await duel.waits(*[lambda its: TaskTimeStore(its.database).add(ended)] * 2)
    expected = TaskDurations().and_ended(10, 20).and_ended(10, 20)
    assert (await TaskTimeStore(duel.watch.database).durations())[its_type].weights == pytest.approx(
        expected.weights, abs=1e-3
    )


async def test_an_alarm_is_told_once(duel: Duel) -> None:
    assert await duel.waits(*[lambda its: ToldAlarmStore(its.database).begin("no money", now=its.now)] * 2) == (
        True,
        False,
    )


async def test_a_block_is_news_once(duel: Duel) -> None:
    assert await duel.waits(*[lambda its: BlockStore(its.database, its.people).block(OWNER, now=its.now)] * 2) == (
        True,
        False,
    )


@pytest.mark.parametrize("kind", [Signatures, Pseudonyms])
async def test_a_key_is_made_once(duel: Duel, kind: type[Signatures | Pseudonyms]) -> None:
    async with duel.watch.database.write() as connection:
        await connection.execute(delete(keys))
    made: list[Signatures | Pseudonyms] = []

    def load(its: Process) -> Awaitable[object]:
        made.append(kind(its.database))
        return made[-1].load()

    await duel.waits(load, load)
    assert made[0]._key == made[1]._key != b""


async def test_settings_of_a_server_are_all_kept(duel: Duel) -> None:
    def servers(its: Process) -> ServerStore:
        return ServerStore(its.database, its.people)

    await duel.waits(
        lambda its: servers(its).set_day_limit(SERVER, 5), lambda its: servers(its).set_private_results(SERVER, True)
    )
    seen = servers(duel.watch)
    await seen.load()
    assert (seen.rules(SERVER).day_limit, seen.rules(SERVER).private_results) == (5, True)


# -- whose lock each call takes ----------------------------------------------------------------------------------------


async def import_nothing(its: Process) -> None:
    store = PortableCastStore(its.database, its.people)
    with pytest.raises(NoImport):
        await store.bring_in(OWNER, "import", [], now=its.now, most_bytes=0, consent=False)


async def collect_character(its: Process) -> None:
    with pytest.raises(LeaseLost):
        await its.store(its.new_job(owner_id=OWNER))


async def collect_video(its: Process) -> None:
    with pytest.raises(LeaseLost):
        await its.keep_film(its.new_job(owner_id=OWNER))


_NAMED: dict[str, tuple[Lock, Act]] = {
    "collect: character": (_MINE, collect_character),
    "collect: video": (_MINE, collect_video),
    "rename": (_MINE, lambda its: CharacterStore(its.database).rename(OWNER, 1, "Zoe")),
    "describe": (_MINE, lambda its: CharacterStore(its.database).describe(OWNER, 1, note="", tags=())),
    "delete": (_MINE, lambda its: CharacterStore(its.database).delete(OWNER, 1)),
    "group: create": (_MINE, lambda its: GroupStore(its.database).create(OWNER, "Friends", now=its.now)),
    "group: rename": (_MINE, lambda its: GroupStore(its.database).rename(OWNER, 1, "Friends")),
    "group: delete": (_MINE, lambda its: GroupStore(its.database).delete(OWNER, 1)),
    "group: add": (_MINE, lambda its: GroupStore(its.database).add(OWNER, 1, 1)),
    "group: remove": (_MINE, lambda its: GroupStore(its.database).remove(OWNER, 1, 1)),
    "video: delete": (_MINE, lambda its: VideoStore(its.database).delete(OWNER, 1)),
    "video: look": (
        _MINE,
        lambda its: VideoStore(its.database).looked_into(
            OWNER, 1, poster=FILM, seconds=1, width=1, height=1, now=its.now
        ),
    ),
    "import": (_MINE, import_nothing),
    "choose": (_MINE, lambda its: DefaultCharacterStore(its.database).choose(OWNER, None, 1)),
    "asset": (_MINE, lambda its: AvatarStore(its.database, places=1).used(OWNER, 1, ["a"], now=its.now)),
    "consent": (_MINE, lambda its: ConsentStore(its.database).record(OWNER, "job", now=its.now)),
    "ask": (_MINE, lambda its: its.asking.ask(OWNER, 1, PERSON, now=its.now)),
    "asked": (_MINE, lambda its: its.asking.sent(OWNER, 1, now=its.now)),
    "unask": (_MINE, lambda its: its.asking.unask(OWNER, 1)),
    "told": (_MINE, lambda its: its.asking.told(OWNER, [1])),
    "lend": (owner_lock(LENDER), lambda its: its.take_back()),
    "settings": (server_lock(SERVER), lambda its: ServerStore(its.database, its.people).unblock(SERVER, OWNER)),
    "alarm": (ALARMS, lambda its: ToldAlarmStore(its.database).not_told("no money")),
    "resume": (PROVIDER, lambda its: ProviderStateStore(its.database).resume()),
}


@pytest.mark.parametrize("call", _NAMED)
async def test_a_call_waits_for_its_lock_and_for_no_other(duel: Duel, call: str) -> None:
    lock, act = _NAMED[call]

    def holding(*locks: Lock) -> Act:
        async def hold(its: Process) -> None:
            async with its.database.write(locks=locks):
                pass

        return hold

    others = {_MINE, owner_lock(OTHER), server_lock(2), PLACES, TASK_TIMES} - {lock}
    await duel.passes(holding(*others), act)
    await duel.waits(holding(lock), act)


# -- who does not wait -------------------------------------------------------------------------------------------------


async def test_other_people_do_not_wait(duel: Duel) -> None:
    ann = await duel.watch.character(OTHER)
    made = await duel.watch.leased(owner_id=OTHER, step=Step.COLLECT)

    async def much(its: Process) -> None:
        await its.add(Quota(running=9, day=9), owner_id=OTHER)
        await its.store(made)
        await its.note(ann)
        await its.cancel(await its.add(owner_id=OTHER))
        await ServerStore(its.database, its.people).set_day_limit(2, 5)
        await TaskTimeStore(its.database).add([Ended(TaskType(JobKind.VIDEO, ""), 1, 2)])

    await duel.passes(lambda its: its.add(Quota(running=9, server_day=9)), much)


async def test_a_step_waits_for_nobody(duel: Duel) -> None:
    job = await duel.watch.leased()

    async def steps(its: Process) -> None:
        await its.jobs.note(job.id, job.lease, JobNotes(progress=5), now=its.now)
        assert await its.jobs.renew("runner", {job.id: job.lease.epoch}, now=its.now) == {job.id}
        await its.jobs.release(job.id, job.lease, None, now=its.now)

    await duel.passes(lambda its: its.add(Quota(running=9)), steps)


async def test_a_step_gets_a_connection_while_others_wait_for_locks(duel: Duel) -> None:
    job = await duel.watch.leased()
    held, holding = await duel.hold(lambda its: its.add(Quota(running=99)))
    many = range(2 * limits.POSTGRES_WRITERS_WITH_LOCKS)
    waiting = [asyncio.ensure_future(duel.other.add(Quota(running=99))) for _ in many]
    async with asyncio.timeout(PATIENCE):
        while not await duel.somebody_waits():
            await asyncio.sleep(0.01)
    await duel.other.jobs.note(job.id, job.lease, JobNotes(progress=5), now=duel.other.now)
    assert not any(each.done() for each in waiting)
    held.go_on.set()
    await asyncio.gather(holding, *waiting)


@pytest.mark.parametrize("owner", range(20, 24))
async def test_who_waits_for_a_person_does_not_hold_the_places(duel: Duel, owner: int) -> None:
    held, holding = await duel.hold(lambda its: its.add(owner_id=owner))
    waiting = asyncio.ensure_future(duel.other.add(Quota(in_all=9, server_day=9), owner_id=owner))
    async with asyncio.timeout(PATIENCE):
        while not await duel.somebody_waits():
            await asyncio.sleep(0.01)
    await duel.watch.add(Quota(in_all=9, server_day=9), owner_id=OTHER)
    assert not waiting.done()
    held.go_on.set()
    await asyncio.gather(holding, waiting)
