"""The tools of a Responses request as chat functions, and what calls of these functions stand for.

Source: specs/responses/schemas/{tools,tool_choice}.yaml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.dialects.chat_request import function_tool
from triglot.dialects.responses.builtin_tools import builtin_function
from triglot.dialects.responses.callee import Callee, Callees
from triglot.dialects.responses.grammar import plan_grammar
from triglot.dialects.responses.names import CallNames
from triglot.dialects.responses.plan import CallNamer  # noqa: TC001 - a field of a struct is read at run time
from triglot.dialects.tools import ToolChoice, offer_tools
from triglot.generated.responses import models as wire
from triglot.support import Loss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from triglot.backend.profiles import Profile
    from triglot.dialects.responses.callee import CalleeKind

_HOSTED: Final = "hosted tools do not exist here"


class ToolPlan(msgspec.Struct, frozen=True):
    """What becomes of a request's tools.

    Attributes:
        fields: `tools`, `tool_choice` and `parallel_tool_calls` of the chat request; empty when no tool may be called.
        callees: what the model's calls stand for.
        name_call: names the calls of the conversation, also those of tools that are no longer offered.
        single_call: whether the answer ends with its first call.
        losses: what could not be kept, beside what the support table says.
    """

    fields: dict[str, Any]
    callees: Callees
    name_call: CallNamer
    single_call: bool = False
    losses: tuple[Loss, ...] = ()


def plan_tools(tools: Sequence[Any], choice: Any, *, parallel: bool | None, profile: Profile, more: Sequence[Any] = ()) -> ToolPlan:
    """Offer tools to the model.

    Args:
        tools: the request's own.
        choice: its `tool_choice`.
        parallel: its `parallel_tool_calls`.
        profile: of the backend.
        more: tools that join inside the input. One that is there already is not offered twice.

    Raises:
        ApiError: the choice cannot be met, or a grammar cannot be read.
    """
    offer = _Offer(profile)
    for place, tool in enumerate(tools):
        offer.add(tool, f"tools[{place}]")
    for tool in more:
        offer.add(tool, "input")
    mapped, lost = _map_choice(choice, offer.callees)
    if mapped.mode == "required" and mapped.names is None and tools and not offer.functions:
        mapped, lost = ToolChoice(), [Loss("tool_choice", "ignored", "none of the tools can be called here")]
    fields = offer_tools(offer.functions, mapped)
    if fields and parallel is not None:
        fields["parallel_tool_calls"] = parallel
    return ToolPlan(fields, offer.callees, offer.names.name_call, parallel is False, (*offer.losses, *lost))


def have_grammars(tools: Iterable[Any]) -> bool:
    """Whether any of the tools has a grammar. To read one takes up to half a second, and a request may have many."""
    return any(
        isinstance(tool.format, wire.CustomToolGrammar)
        if isinstance(tool, wire.CustomTool)
        else isinstance(tool, wire.NamespaceTool) and have_grammars(tool.tools)
        for tool in tools
    )


class _Offer:
    """Gathers functions, and what they stand for."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.names = CallNames()
        self.functions: list[dict[str, Any]] = []
        self.callees: dict[str, Callee] = {}
        self.losses: list[Loss] = []

    def add(self, tool: Any, path: str) -> None:
        """Offer a tool, or a namespace's members; `path` is where it stands in the request."""
        match tool:
            case wire.NamespaceTool(name=namespace):
                about = tool.description
                for place, member in enumerate(tool.tools):
                    if self._add_free(member, f"{path}.tools[{place}]", namespace, about):
                        about = None  # once is enough for the model
            case wire.ToolSearchTool(execution="client"):
                self._add_builtin("tool_search", tool)
            case wire.ToolSearchTool():
                reason = "there is nothing to search for: deferred tools are offered from the start"
                self.losses.append(Loss(path, "ignored", reason, "tool_search"))
            case wire.ShellTool(environment={"type": str(place)}) if place != "local":
                self.losses.append(
                    Loss(f"{path}.environment", "ignored", "containers do not exist here, so the tool is not offered", place)
                )
            case wire.ShellTool():
                self._add_builtin("shell", tool)
            case wire.LocalShellTool():
                self._add_builtin("local_shell", tool)
            case wire.ApplyPatchTool():
                self._add_builtin("apply_patch", tool)
            case _:
                self._add_free(tool, path, None, None)

    def _add_free(self, tool: Any, path: str, namespace: str | None, about: str | None) -> bool:
        """Offer a tool that the client named, if it is one; `about` its namespace the model has not been told yet."""
        match tool:
            case wire.FunctionTool():
                name = self._enter("function", tool.name, namespace)
                if name:
                    self.functions.append(function_tool(name, _join(tool.description, about), tool.parameters, strict=tool.strict))
            case wire.CustomTool():
                plan = plan_grammar(tool.format, self._profile)
                name = self._enter("custom", tool.name, namespace, plan.accepts)
                if name:
                    description = _join(tool.description, about, plan.hint)
                    self.functions.append(function_tool(name, description, _free_text(plan.parameter), strict=None))
                    if plan.loss:
                        self.losses.append(Loss(f"{path}.format", "ignored", plan.loss, tool.name))
            case _:
                return False  # named in the loss report
        return name is not None

    def _add_builtin(self, kind: Any, tool: Any) -> None:
        if name := self._enter(kind, kind):
            self.functions.append(builtin_function(tool, name))

    def _enter(self, kind: CalleeKind, name: str, namespace: str | None = None, accepts: Callable[[str], bool] | None = None) -> str | None:
        """Note what a function stands for and return its name; `None` if it is offered already."""
        called = self.names.name_call(kind, name, namespace)
        if called in self.callees:
            return None
        self.callees[called] = Callee(kind, name, namespace, accepts)
        return called


def _join(*texts: str | None) -> str | None:
    return "\n\n".join(text for text in texts if text) or None


def _free_text(parameter: dict[str, Any]) -> dict[str, Any]:
    """The schema of a function that takes one text."""
    about = {"description": "The whole input, as it is."} if "description" not in parameter else {}
    return {"type": "object", "properties": {"input": {**parameter, **about}}, "required": ["input"], "additionalProperties": False}


# The choice.


def _map_choice(choice: Any, callees: Mapping[str, Callee]) -> tuple[ToolChoice, list[Loss]]:
    match choice:
        case "none" | "auto" | "required":
            return ToolChoice(choice), []
        case wire.FunctionToolChoice() | wire.CustomToolChoice() | wire.ShellToolChoice() | wire.ApplyPatchToolChoice():
            return ToolChoice("required", _find(choice.model_dump(), callees)), []
        case wire.AllowedToolsChoice(mode=mode, tools=tools):
            return _map_allowed(mode, tools, callees)
        case _:
            return ToolChoice(), []  # a hosted tool, named in the loss report


def _map_allowed(mode: Any, tools: Sequence[dict[str, Any]], callees: Mapping[str, Callee]) -> tuple[ToolChoice, list[Loss]]:
    names: list[str] = []
    losses: list[Loss] = []
    for place, tool in enumerate(tools):
        found = _find(tool, callees)
        names += found or ()
        if found is None:
            losses.append(Loss(f"tool_choice.tools[{place}]", "ignored", _HOSTED, str(tool.get("type"))))
    if losses and not names:
        mode = "auto"
    return ToolChoice(mode, names), losses


def _find(meant: Mapping[str, Any], callees: Mapping[str, Callee]) -> list[str] | None:
    """The functions for the tools that an entry of a choice means; `None` if it means a tool that is not called here.

    A tool that is not there is given by its own name, which `offer_tools` refuses.
    """
    kind, name, namespace = meant.get("type"), meant.get("name"), meant.get("namespace")
    match kind:
        case "function" | "custom" if isinstance(name, str):
            return _find_named(kind, name, namespace, callees) or [name]
        case "namespace" if isinstance(name, str):
            return [called for called, callee in callees.items() if callee.namespace == name] or [name]
        case "shell" | "local_shell" | "apply_patch":
            return [called for called, callee in callees.items() if callee.kind == kind] or [kind]
        case "tool_search":
            return [called for called, callee in callees.items() if callee.kind == kind] or None
        case _:
            return None


def _find_named(kind: str, name: str, namespace: Any, callees: Mapping[str, Callee]) -> list[str]:
    """The tool of that kind and name; else members of namespaces with that name; else whatever has that name."""
    named = {called: callee for called, callee in callees.items() if callee.name == name and namespace in (None, callee.namespace)}
    exact = [called for called, callee in named.items() if callee.kind == kind and callee.namespace == namespace]
    return exact or [called for called, callee in named.items() if callee.kind == kind] or list(named)
