"""Export to GGUF: `python -m recipe.export second.pt tiny-demo.gguf`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np

from recipe.model import RMS_EPSILON, ROPE_BASE
from recipe.tokenizer import CONTROL_TOKENS, MARKER_TOKENS, SHIPPED
from recipe.train import load

if TYPE_CHECKING:
    from recipe.model import Network

CHAT_TEMPLATE = Path(__file__).parent / "chat_template.jinja"
CONTEXT = 32768


def write_gguf(network: Network, tokenizer: Path, out: Path) -> None:
    """Write weights in Q8_0, tokenizer, chat template and the default temperature 0 into one file."""
    writer = gguf.GGUFWriter(str(out), "llama")
    _write_description(writer, network)
    _write_tokenizer(writer, json.loads(tokenizer.read_text(encoding="utf-8"))["model"])
    for name, weight in network.state_dict().items():
        values = weight.float().numpy()
        if values.ndim == 1:
            writer.add_tensor(name, values.astype(np.float32))
        else:
            quantized = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(name, quantized, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_description(writer: gguf.GGUFWriter, network: Network) -> None:
    shape = network.shape
    writer.add_name("Tiny demo")
    writer.add_type("model")
    writer.add_size_label(f"{sum(parameter.numel() for parameter in network.parameters()) / 1e6:.1f}M")
    writer.add_license("apache-2.0")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_layer_norm_rms_eps(RMS_EPSILON)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_float32("general.sampling.temp", 0.0)


def _write_tokenizer(writer: gguf.GGUFWriter, bpe: dict[str, Any]) -> None:
    vocabulary: dict[str, int] = bpe["vocab"]
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([_token_type(token) for token in tokens])
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in bpe["merges"]])
    writer.add_eos_token_id(vocabulary["<|im_end|>"])
    writer.add_eot_token_id(vocabulary["<|im_end|>"])
    writer.add_bos_token_id(vocabulary["<|endoftext|>"])
    writer.add_pad_token_id(vocabulary["<|endoftext|>"])
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE.read_text(encoding="utf-8"))


def _token_type(token: str) -> gguf.TokenType:
    if token in CONTROL_TOKENS:
        return gguf.TokenType.CONTROL
    return gguf.TokenType.USER_DEFINED if token in MARKER_TOKENS else gguf.TokenType.NORMAL


def main() -> None:
    """Export one file of weights."""
    parser = argparse.ArgumentParser(description="Export trained weights to GGUF.")
    parser.add_argument("weights", type=Path, help="file written by recipe.train")
    parser.add_argument("out", type=Path, help="GGUF file to write")
    parser.add_argument("--tokenizer", type=Path, default=SHIPPED, help="tokenizer (default: the one in this folder)")
    options = parser.parse_args()
    write_gguf(load(options.weights), options.tokenizer, options.out)
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
