"""All stores, one per entity, over one database and one file store."""

from __future__ import annotations

from dataclasses import dataclass

from bot.config import Settings, ToapisSettings
from bot.provider.rates import Rates
from bot.provider.shared_rate import shared_rates
from bot.store.avatars import AvatarStore
from bot.store.blocks import BlockStore
from bot.store.cast_search import CastSearch
from bot.store.characters import CharacterStore
from bot.store.commands import CommandStore
from bot.store.consent_denials import ConsentDenialStore
from bot.store.consents import ConsentStore
from bot.store.database import Database, database_at
from bot.store.default_characters import DefaultCharacterStore
from bot.store.disk import DiskUse
from bot.store.drafts import DraftStore
from bot.store.files import FileStore
from bot.store.groups import GroupStore
from bot.store.jobs import JobStore
from bot.store.loans import LoanStore
from bot.store.owned_jobs import HeldLeases, OwnedJobStore
from bot.store.person_consents import PersonConsentStore
from bot.store.portable_casts import PortableCastStore
from bot.store.privacy import PrivacyStore
from bot.store.provider_state import ProviderStateStore
from bot.store.pseudonyms import Pseudonyms
from bot.store.rates import RateStore
from bot.store.sent_messages import SentMessageStore
from bot.store.servers import ServerStore
from bot.store.signatures import Signatures
from bot.store.taken_interactions import TakenInteractionStore
from bot.store.task_times import TaskTimeStore
from bot.store.told_alarms import ToldAlarmStore
from bot.store.videos import VideoStore
from bot.store.webhook_events import WebhookEventStore


@dataclass(frozen=True, slots=True)
class Stores:
    """All stores, one per entity."""

    database: Database
    events: WebhookEventStore
    taken_interactions: TakenInteractionStore
    told_alarms: ToldAlarmStore
    people: Pseudonyms
    servers: ServerStore
    blocks: BlockStore
    held_leases: HeldLeases
    jobs: JobStore
    owned_jobs: OwnedJobStore
    characters: CharacterStore
    cast: CastSearch
    groups: GroupStore
    defaults: DefaultCharacterStore
    videos: VideoStore
    avatars: AvatarStore
    drafts: DraftStore
    consents: ConsentStore
    loans: LoanStore
    person_consents: PersonConsentStore
    provider_state: ProviderStateStore
    rates: RateStore
    task_times: TaskTimeStore
    commands: CommandStore
    sent_messages: SentMessageStore
    privacy: PrivacyStore
    consent_denials: ConsentDenialStore
    portable_casts: PortableCastStore
    signatures: Signatures
    disk: DiskUse
    files: FileStore

    @classmethod
    def of(cls, settings: Settings) -> Stores:
        """Build them; nothing is opened yet."""
        database = database_at(settings.store.url, settings.store.password.get_secret_value())
        people, held_leases = Pseudonyms(database), HeldLeases()
        return cls(
            database=database,
            events=WebhookEventStore(database),
            taken_interactions=TakenInteractionStore(database),
            told_alarms=ToldAlarmStore(database),
            people=people,
            servers=ServerStore(database, people),
            blocks=BlockStore(database, people),
            held_leases=held_leases,
            jobs=JobStore(database, held_leases),
            owned_jobs=OwnedJobStore(database, held_leases),
            characters=CharacterStore(database),
            cast=CastSearch(database),
            groups=GroupStore(database),
            defaults=DefaultCharacterStore(database),
            videos=VideoStore(database),
            avatars=AvatarStore(database, places=settings.toapis.avatar_slots),
            drafts=DraftStore(database),
            consents=ConsentStore(database),
            loans=LoanStore(database),
            person_consents=PersonConsentStore(database, people),
            provider_state=ProviderStateStore(database),
            rates=RateStore(database),
            task_times=TaskTimeStore(database),
            commands=CommandStore(database),
            sent_messages=SentMessageStore(database),
            privacy=PrivacyStore(database, people),
            consent_denials=ConsentDenialStore(database, people),
            portable_casts=PortableCastStore(database, people),
            signatures=Signatures(database),
            disk=DiskUse(database),
            files=FileStore.of(settings.store, database.lock, shared=database.shared),
        )


def rates_of(stores: Stores, settings: ToapisSettings) -> Rates | None:
    """The rate limits shared with other processes; ``None`` if this process is the only one."""
    return shared_rates(stores.rates, settings) if stores.database.shared else None
