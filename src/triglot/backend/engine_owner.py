"""Carries out what is asked of the process that owns the engine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from triglot.backend.checks import Problem, Report, check
from triglot.backend.engine_host import BusyError
from triglot.backend.flags import FlagError
from triglot.backend.launch import NoEngineError, choose_engine, choose_program, context_of
from triglot.backend.orders import Order, Reply
from triglot.backend.process import EngineError

if TYPE_CHECKING:
    from triglot.backend.engine_host import EngineHost
    from triglot.backend.options import EngineOptions
    from triglot.backend.process import EngineCommand
    from triglot.settings import Settings

log = logging.getLogger("triglot.engine")


class EngineOwner:
    """Carries orders out.

    Args:
        host: owns the engine.
        settings: what options leave open.
    """

    def __init__(self, host: EngineHost, settings: Settings) -> None:
        self._host = host
        self._settings = settings

    def begin(self, options: EngineOptions) -> str:
        """Begin to load the first model; returns the id of the load.

        Raises:
            NoEngineError: nothing can run it.
            EngineError: its file is broken.
        """
        command = choose_engine(self._settings, options)
        report = self._check(options)
        if report.problems:
            raise EngineError(report.problems[0].message)
        return self._host.load(command, choose_program(options), options, report=report).id

    def answer(self, question: bytes) -> bytes:
        """For `EngineChannel`."""
        try:
            reply = self._carry_out(msgspec.json.decode(question, type=Order))
        except BusyError as error:
            reply = Reply(busy=str(error))
        except NoEngineError as error:
            reply = Reply(error=str(error))
        except Exception:
            log.exception("an order for the engine failed")
            reply = Reply(error="triglot failed on this order; its log has the reason")
        return msgspec.json.encode(reply)

    def _carry_out(self, order: Order) -> Reply:
        match order.do:
            case "unload":
                return Reply(state=self._host.unload())
            case "cancel":
                return Reply(cancelled=self._host.cancel(order.load_id))
            case "validate" | "load" if order.options is not None:
                command, report = self._prepare(order.options)
                if order.do == "validate" or report.problems or command is None:
                    return Reply(report=report)
                swap = order.swap or self._settings.engine_swap
                program = choose_program(order.options)
                return Reply(report=report, load=self._host.load(command, program, order.options, swap=swap, report=report))
        raise ValueError(f"{order.do} without options")

    def _prepare(self, options: EngineOptions) -> tuple[EngineCommand | None, Report]:
        """The command and what is wrong with it."""
        report = self._check(options)
        try:
            return choose_engine(self._settings, options), report
        except FlagError as error:
            field = f"flags.{error.name}" if error.name in options.flags else error.name
            problem = Problem(field=field, message=f"{str(error)[0].upper()}{str(error)[1:]}.")
            return None, msgspec.structs.replace(report, problems=(*report.problems, problem))

    def _check(self, options: EngineOptions) -> Report:
        return check(options, context=context_of(options, self._settings))
