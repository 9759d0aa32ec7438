"""The network: a llama in miniature, so that llama.cpp runs it as it is."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - everybody's name for it
from torch import Tensor, nn

ROPE_BASE = 10000.0
RMS_EPSILON = 1e-5


class Shape(NamedTuple):
    """The sizes of the network."""

    vocabulary: int
    width: int = 128
    layers: int = 4
    heads: int = 4
    feed_forward: int = 384


def rotate(x: Tensor, positions: Tensor) -> Tensor:
    """Rotary embedding of `x` [batch, heads, time, size] at `positions` [batch, time]; pairs are neighbours, as llama.cpp wants them."""
    size = x.shape[-1]
    frequencies = ROPE_BASE ** (-torch.arange(0, size, 2).float() / size)
    angles = positions[:, None, :, None].float() * frequencies
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * angles.cos() - odd * angles.sin(), even * angles.sin() + odd * angles.cos()], -1).flatten(-2)


class RMSNorm(nn.Module):
    """Root-mean-square norm in full precision."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """The normed `x`."""
        x = x.float()
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + RMS_EPSILON) * self.weight


def _linear(inputs: int, outputs: int) -> nn.Linear:
    return nn.Linear(inputs, outputs, bias=False)


class Block(nn.Module):
    """Attention and a gated feed-forward layer. The attributes are named as GGUF names their tensors."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.attn_norm, self.ffn_norm = RMSNorm(width), RMSNorm(width)
        self.attn_q, self.attn_k, self.attn_v, self.attn_output = (_linear(width, width) for _ in range(4))
        self.ffn_gate, self.ffn_up = _linear(width, shape.feed_forward), _linear(width, shape.feed_forward)
        self.ffn_down = _linear(shape.feed_forward, width)

    def forward(self, x: Tensor, positions: Tensor) -> Tensor:
        """The next hidden state of `x` [batch, time, width]."""
        batch, time, width = x.shape
        normed = self.attn_norm(x)
        q, k, v = (layer(normed).view(batch, time, self.heads, -1).transpose(1, 2) for layer in (self.attn_q, self.attn_k, self.attn_v))
        q, k = rotate(q.float(), positions).to(v.dtype), rotate(k.float(), positions).to(v.dtype)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(batch, time, width)
        x = x + self.attn_output(attended)
        normed = self.ffn_norm(x)
        fed: Tensor = self.ffn_down(F.silu(self.ffn_gate(normed)) * self.ffn_up(normed))
        return x + fed


class Network(nn.Module):
    """Tokens to hidden states; `logits` ties the output to the embedding."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = RMSNorm(shape.width)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                into_residual = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(parameter, 0, 0.02 / math.sqrt(2 * shape.layers) if into_residual else 0.02)

    def forward(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Hidden states [batch, time, width] of `tokens` [batch, time]."""
        x = self.token_embd(tokens)
        for block in self.blk:
            x = block(x, positions)
        hidden: Tensor = self.output_norm(x)
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of each token of the vocabulary."""
        return hidden @ self.token_embd.weight.t()
