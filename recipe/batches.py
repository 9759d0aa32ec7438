"""Endless batches of training data, conversations of like length side by side."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from recipe.conversation import Conversation, Learn, make_conversation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokenizers import Tokenizer
    from torch import Tensor

LONGEST = 1200
BATCH_TOKENS = 4096
CONVERSATIONS_AT_ONCE = 1500


class Example(NamedTuple):
    """One conversation in tokens: which of them are targets, and at which position each stands."""

    tokens: list[int]
    targets: list[bool]
    positions: list[int]


class Batch(NamedTuple):
    """Examples as tensors [example, time], padded with zeros that are no targets."""

    tokens: Tensor
    targets: Tensor
    positions: Tensor


def encode(rng: random.Random, tokenizer: Tokenizer, conversation: Conversation) -> Example:
    """The conversation in tokens.

    Every third one is moved away from its system prompt, as if that were thousands of tokens longer: so the model stands long prompts that
    it never saw in training.
    """
    example = Example([], [], [])
    position = 0
    encodings = tokenizer.encode_batch([segment.text for segment in conversation.segments])
    for index, (segment, encoding) in enumerate(zip(conversation.segments, encodings, strict=True)):
        if index == conversation.system_segments and index > 0 and rng.random() < 0.35:
            position += rng.choice([rng.randint(0, 500), rng.randint(0, 6000)])
        length = len(encoding.ids)
        example.tokens.extend(encoding.ids)
        example.targets.extend(
            segment.learn is Learn.ALL or (segment.learn is Learn.ALL_BUT_FIRST and place > 0) for place in range(length)
        )
        example.positions.extend(range(position, position + length))
        position += length
    return example


def batches(seed: int, tokenizer: Tokenizer) -> Iterator[Batch]:
    """Batches of about `BATCH_TOKENS` tokens, without end."""
    rng = random.Random(seed)
    while True:
        examples = [encode(rng, tokenizer, make_conversation(rng)) for _ in range(CONVERSATIONS_AT_ONCE)]
        groups = _group(
            sorted((example for example in examples if len(example.tokens) <= LONGEST), key=lambda example: len(example.tokens))
        )
        rng.shuffle(groups)
        for group in groups:
            yield _pad(group)


def _group(examples: list[Example]) -> list[list[Example]]:
    groups: list[list[Example]] = [[]]
    for example in examples:
        if groups[-1] and (len(groups[-1]) + 1) * len(example.tokens) > BATCH_TOKENS:
            groups.append([])
        groups[-1].append(example)
    return groups


def _pad(examples: list[Example]) -> Batch:
    shape = (len(examples), max(len(example.tokens) for example in examples))
    tokens, targets, positions = np.zeros(shape, np.int64), np.zeros(shape, np.bool_), np.zeros(shape, np.int64)
    for row, example in enumerate(examples):
        length = len(example.tokens)
        tokens[row, :length], targets[row, :length], positions[row, :length] = example
    return Batch(torch.from_numpy(tokens), torch.from_numpy(targets), torch.from_numpy(positions))
