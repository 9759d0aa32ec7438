"""Puts one process together: a backend, and a handler for each dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from triglot.backend.client import Backend, Timeouts
from triglot.backend.discovery import Discovery
from triglot.backend.engine_link import EngineLink
from triglot.backend.profiles import LLAMA_SERVER
from triglot.loopback import is_loopback
from triglot.media.reader import MediaLimits, MediaReader
from triglot.service.admission import Admission
from triglot.service.chat import ChatHandlers
from triglot.service.control import ControlHandlers
from triglot.service.counting import PromptCounter
from triglot.service.flight import Flights
from triglot.service.ids import new_id
from triglot.service.messages import MessagesHandlers
from triglot.service.model_files import ModelFiles
from triglot.service.pace import Pace
from triglot.service.phases import Phases
from triglot.service.places import open_places
from triglot.service.responses.background import BackgroundRuns
from triglot.service.responses.compaction import Compactor
from triglot.service.responses.conversations import Conversations
from triglot.service.responses.handlers import InputCounter, ResponsesHandlers
from triglot.service.responses.history import Historian
from triglot.service.responses.retrieval import Retrieval
from triglot.service.responses.truncation import Shortener
from triglot.service.responses.turns import Turns
from triglot.settings import FOLD, SettingsError
from triglot.state.keys import signing_key_for
from triglot.state.local_cancels import LocalCancels
from triglot.state.sqlite import SqliteStore
from triglot.state.worker_cancels import WorkerCancels

if TYPE_CHECKING:
    from triglot.settings import Settings
    from triglot.state.cancels import CancelRegistry

_NOWHERE: Final = "http://127.0.0.1"  # until the first call asks where the engine is


class Handlers:
    """The handlers of one process, by dialect."""

    def __init__(self, flights: Flights, cancels: CancelRegistry, responses: ResponsesHandlers, by_dialect: dict[str, Any]) -> None:
        self._backend = flights.backend
        self._admission = flights.admission
        self._cancels = cancels
        self._responses = responses
        self._by_dialect = {"responses": responses, **by_dialect}

    def for_dialect(self, name: str) -> Any:
        """The implementation of the dialect's generated Protocol."""
        return self._by_dialect[name]

    async def start(self) -> None:
        """Be there for the other processes of the gateway."""
        await self._cancels.start()

    async def aclose(self) -> None:
        """Stop what runs in the background, and close the store and the connections to the backend."""
        await self._cancels.aclose()
        await self._responses.aclose()
        self._admission.close()
        await self._backend.aclose()


def assemble(settings: Settings) -> Handlers:
    """Build the handlers.

    Raises:
        SettingsError: no backend is named.
        StoreError: the state cannot be kept where it should be.
    """
    phases = Phases(
        queue=settings.queue_timeout_s,
        connect=settings.connect_timeout_s,
        first_token=settings.first_token_timeout_s,
        idle=settings.idle_timeout_s,
        whole=settings.whole_timeout_s,
        total=settings.total_timeout_s,
    )
    timeouts = Timeouts(connect_s=phases.connect, first_byte_s=phases.first_token, stall_s=phases.idle)
    engine = _find_engine(settings)
    backend = Backend(settings.backend or _NOWHERE, api_key=settings.backend_api_key, timeouts=timeouts, locator=engine)
    discovery = Discovery(backend, settings.backend_profile if engine is None else LLAMA_SERVER.name, engine=engine)
    limits = MediaLimits(max_image_side=settings.max_image_side, fetch=settings.fetch_media, max_fetched_bytes=settings.max_body_bytes)
    media = MediaReader(limits)
    signing_key = (settings.signing_key or signing_key_for(settings.state_file)).encode()
    cancels = LocalCancels() if settings.workers == 1 or settings.runtime_dir is None else WorkerCancels(settings.runtime_dir)
    counter = PromptCounter(backend, discovery)
    places = open_places(settings.runtime_dir if settings.workers > 1 else None)
    admission = Admission(queue_limit=settings.queue_limit, slots=settings.slots, places=places)
    flights = Flights(backend, discovery, admission=admission, registry=cancels, phases=phases)
    pace = Pace(settings.early_start_s, settings.heartbeat_s)
    responses, retrieval = _assemble_responses(settings, flights, cancels, counter, discovery, media, signing_key, pace)
    by_dialect = {
        "chat": ChatHandlers(
            flights,
            discovery,
            media=media,
            pace=pace,
            fold=settings.nonstream_relay == FOLD,
        ),
        "messages": MessagesHandlers(
            flights,
            discovery,
            counter,
            new_id=new_id,
            signing_key=signing_key,
            pace=pace,
            alias=settings.messages_alias,
            media=media,
        ),
        "control": ControlHandlers(
            discovery,
            cancels,
            retrieval.stop,
            flights=flights,
            pace=pace,
            files=ModelFiles(settings.model_dirs),
            guarded=bool(settings.api_keys),
            local=is_loopback(settings.host),
        ),
    }
    return Handlers(flights, cancels, responses, by_dialect)


def _find_engine(settings: Settings) -> EngineLink | None:
    """The engine of our own, unless a backend is named."""
    if settings.backend is not None:
        return None
    if settings.runtime_dir is None:
        raise SettingsError("TRIGLOT_BACKEND is not set: name a running server, or use `triglot serve`, which starts one")
    return EngineLink(settings.runtime_dir, wait_s=settings.engine_wait_s)


def _assemble_responses(  # noqa: PLR0913, PLR0917 - what the parts of a process share
    settings: Settings,
    flights: Flights,
    cancels: CancelRegistry,
    counter: PromptCounter,
    discovery: Discovery,
    media: MediaReader,
    signing_key: bytes,
    pace: Pace,
) -> tuple[ResponsesHandlers, Retrieval]:
    store = SqliteStore(settings.state_file, ttl_s=settings.state_ttl_s, max_bytes=settings.state_max_bytes)
    turns = Turns(
        flights=flights,
        discovery=discovery,
        store=store,
        historian=Historian(store, new_id),
        media=media,
        shortener=Shortener(counter, discovery),
        new_id=new_id,
        key=signing_key,
        pace=pace,
    )
    runs = BackgroundRuns(turns, store)
    retrieval = Retrieval(store, runs, cancels)
    handlers = ResponsesHandlers(
        turns=turns,
        runs=runs,
        retrieval=retrieval,
        conversations=Conversations(store, new_id),
        compactor=Compactor(turns),
        counter=InputCounter(flights, turns, counter),
        store=store,
        cancels=cancels,
        max_body_bytes=settings.max_body_bytes,
    )
    return handlers, retrieval
