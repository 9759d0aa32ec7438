"""The tokenizer: byte-level BPE in which spaces, digits and punctuation never merge, so that numbers are spelled alike everywhere.

`python -m recipe.tokenizer OUT.json` trains a new one on freshly made conversations.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import TYPE_CHECKING

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from recipe.conversation import make_conversation

if TYPE_CHECKING:
    from collections.abc import Iterable

CONTROL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MARKER_TOKENS = ["<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
VOCABULARY_SIZE = 800
SHIPPED = Path(__file__).parent / "tokenizer.json"


def train(texts: Iterable[str]) -> Tokenizer:
    """A tokenizer of `VOCABULARY_SIZE` tokens for `texts`."""
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(r"\s|\d|[^\w\s]|_"), "isolated")
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_only])
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=CONTROL_TOKENS + MARKER_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    # At run time llama.cpp splits like GPT-2 (`tokenizer.ggml.pre` = gpt-2). The merges learned above never cross such a split.
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description="Train the tokenizer of the demo model.")
    parser.add_argument("out", type=Path, help="JSON file to write")
    parser.add_argument("--conversations", type=int, default=20000, help="how many to learn from")
    options = parser.parse_args()
    rng = random.Random(5)
    conversations = (make_conversation(rng) for _ in range(options.conversations))
    tokenizer = train("".join(segment.text for segment in conversation.segments) for conversation in conversations)
    tokenizer.save(str(options.out))
    print(f"{options.out}: {tokenizer.get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
