"""Content blocks of a Messages request as parts of chat messages. Source: specs/messages/schemas/messages.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from triglot.dialects.arguments import arguments_text, encode_arguments
from triglot.dialects.chat_request import AssistantTurn, ChatMessage, Part, join_texts, split_parts, text_part, user_message
from triglot.dialects.messages.hosted import describe_result
from triglot.dialects.messages.toolsets import describe_browser, function_name
from triglot.dialects.telling import describe_call
from triglot.generated.messages import models as wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_BILLING_HEADER: Final = "x-anthropic-billing-header"


def system_texts(system: str | list[Any] | None) -> list[str]:
    """The texts of a system prompt or a system message."""
    if system is None:
        return []
    if isinstance(system, str):
        return [without_billing_header(system)]
    return [without_billing_header(block.text) for block in system if block.type == "text"]


def convert_late_system(content: str | list[Any] | None) -> list[ChatMessage]:
    """A system message behind an answer, as words of the user in its place.

    Templates take a system message at the top only, and there it would change the prompt from its beginning: the backend would have to read
    the whole conversation again.
    """
    text = "\n\n".join(text for text in system_texts(content) if text)
    return [{"role": "user", "content": f"<system>\n{text}\n</system>"}] if text else []


def convert_user(content: str | list[Any] | None) -> list[ChatMessage]:
    """A user message: tool results become messages of their own, next to the calls they answer; what the user says follows them."""
    if not content:
        return []
    if isinstance(content, str):
        return [{"role": "user", "content": content}]
    results: list[ChatMessage] = []
    parts: list[Part] = []
    for block in content:
        match block.type:
            case "tool_result":
                result, images = _convert_result(block)
                results.append(result)
                parts += images
            case "tool_use":  # has no place here, so it is told
                parts.append(text_part(describe_call(function_name(block.name, block.toolset_name), block.input)))
            case "thinking":
                parts += [text_part(block.thinking)] if block.thinking else []
            case _:
                parts += convert_parts(block, content)
    return [*results, *user_message(parts)]


def convert_assistant(content: str | list[Any] | None, restore: Callable[[str, str], str | None]) -> list[ChatMessage]:
    """An assistant message: its text, thinking and calls in one chat message; what cannot stand in it follows.

    Args:
        content: as in the request.
        restore: gives the thinking to show the model for the text and the signature of a thinking block; `None` drops it.
    """
    if not content:
        return []
    if isinstance(content, str):
        return [{"role": "assistant", "content": content}]
    turn = AssistantTurn()
    said: list[str] = []
    is_told = False  # text blocks are pieces of one text; what is told of other blocks gets lines of its own
    results: list[ChatMessage] = []
    images: list[Part] = []
    for block in content:
        match block.type:
            case "text":
                said.append(f"\n{block.text}" if is_told and block.text else block.text)
                is_told = is_told and not block.text
            case "tool_use":
                turn.add_call(block.id, function_name(block.name, block.toolset_name), _arguments_text(block.input))
            case "thinking":
                turn.add_thinking(restore(block.thinking, block.signature or "") or "")
            case "tool_result":
                result, shown = _convert_result(block)
                results.append(result)
                images += shown
            case _:
                texts, shown = split_parts(convert_parts(block, content), "in the assistant's message")
                if texts:
                    said.append("\n".join(["", *texts] if any(said) else texts))
                    is_told = True
                images += shown
    turn.add_text("".join(said))
    return [*turn.take(), *results, *user_message(images)]


def convert_parts(block: Any, turn: Sequence[Any] = ()) -> list[Part]:
    """The block as parts of a chat message; none if it has no place there.

    Args:
        block: any block but tool uses, tool results and thinking.
        turn: the content that the block stands in.
    """
    match block.type:
        case "image" if block.source.type == "base64":
            return [{"type": "image_url", "image_url": {"url": f"data:{block.source.media_type};base64,{block.source.data}"}}]
        case "document":
            return _convert_document(block)
        case "search_result":
            return _under_header([f"Search result: {block.title} ({block.source})"], block.content)
        case _:
            text = _text_of(block, turn)
            return [text_part(text)] if text else []


def _text_of(block: Any, turn: Sequence[Any]) -> str | None:
    text: str | None = None
    match block.type:
        case "text":
            text = block.text
        case "compaction":
            text = block.content
        case "tool_reference":
            text = f"Tool found: {block.tool_name}"
        case "browser_state":
            text = describe_browser(block)
        case "server_tool_use" | "mcp_tool_use":
            text = describe_call(block.name, block.input)
        case "image":
            text = f"[The image {block.source.url} could not be read here.]" if block.source.type == "url" else None
        case "container_upload":
            text = f"[file {block.file_id} was uploaded; its content is not available here]"
        case _ if isinstance(block, wire.InputServerToolResultBlock | wire.InputMcpToolResultBlock):
            text = describe_result(block, turn)
    return text


def _convert_document(document: wire.DocumentBlock) -> list[Part]:
    header = [f"Document: {document.title}"] if document.title else []
    if document.context:
        header.append(f"Context: {document.context}")
    match document.source:
        case wire.PlainTextSource(data=text) | wire.ContentSource(content=str(text)):
            return _under_header(header, [], text)
        case wire.ContentSource(content=list(content)):
            return _under_header(header, content)
        case wire.Base64PdfSource():
            reason = "PDF support is not installed"
        case wire.UrlPdfSource(url=url):
            reason = f"{url} is not fetched"
        case wire.FileDocumentSource(file_id=file_id):
            reason = f"file {file_id} is not stored here"
        case _:
            reason = "its source is not known"
    named = f"The document {document.title}" if document.title else "The document"
    return [text_part(f"[{named} could not be read here: {reason}.]")]


def _under_header(header: Iterable[str], blocks: Iterable[Any], text: str = "") -> list[Part]:
    """A header and what stands under it."""
    parts = [text_part(line) for line in (*header, text) if line]
    return join_texts([*parts, *(part for block in blocks for part in convert_parts(block))])


def _convert_result(result: wire.ToolResultBlock) -> tuple[ChatMessage, list[Part]]:
    """The tool message, and the images that have no place in it."""
    content = result.content or ""
    images: list[Part] = []
    if isinstance(content, list):
        parts = [part for block in content for part in convert_parts(block)]
        texts, images = split_parts(parts, f"in the result of tool call {result.tool_use_id}")
        content = "\n".join(texts)
    if result.is_error:
        content = f"Error:\n{content}" if content else "Error:"
    return {"role": "tool", "tool_call_id": result.tool_use_id, "content": content}, images


def _arguments_text(arguments: dict[str, Any] | str | None) -> str:
    return arguments_text(arguments, "input") if isinstance(arguments, str) else encode_arguments(arguments or {})


def without_billing_header(text: str) -> str:
    """The text without Claude Code's billing header: it differs in each request and would keep the backend from using its prompt cache."""
    return text.partition("\n")[2].lstrip("\n") if text.startswith(_BILLING_HEADER) else text
