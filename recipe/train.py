"""Training: `python -m recipe.train --minutes 20 --out first.pt`.

The time limit sets the learning-rate schedule. Every 30 s it reports and saves.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - everybody's name for it
from tokenizers import Tokenizer

from recipe.batches import Batch, batches
from recipe.model import Network, Shape
from recipe.tokenizer import SHIPPED

WARM_UP_STEPS = 100
REPORT_INTERVAL_S = 30.0
SMOOTHING = 0.98


def rate_factor(step: int, done: float) -> float:
    """The learning rate, as a part of its peak: a short rise, a plateau for a fifth of the time, then a cosine down to 2%."""
    rise = min(1.0, (step + 1) / WARM_UP_STEPS)
    fall = 1.0 if done < 0.2 else 0.5 * (1 + math.cos(math.pi * (done - 0.2) / 0.8)) * 0.98 + 0.02
    return rise * fall


def optimizers(network: Network, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices within the blocks, AdamW for the embedding and the norms."""
    inner = [parameter for name, parameter in network.named_parameters() if parameter.ndim == 2 and not name.startswith("token_embd")]
    outer = [parameter for name, parameter in network.named_parameters() if parameter.ndim < 2 or name.startswith("token_embd")]
    return [
        torch.optim.Muon(inner, lr=rate, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(outer, lr=rate, betas=(0.9, 0.97), weight_decay=0),
    ]


def train_step(network: Network, batch: Batch, steppers: list[torch.optim.Optimizer]) -> tuple[float, float]:
    """One step; returns the loss and the share of targets that were guessed."""
    is_target = batch.targets[:, 1:]
    wanted = batch.tokens[:, 1:][is_target]
    with torch.autocast("cpu", torch.bfloat16):
        hidden = network(batch.tokens[:, :-1], batch.positions[:, :-1])
        logits = network.logits(hidden[is_target])
    loss = F.cross_entropy(logits.float(), wanted)
    network.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    for stepper in steppers:
        stepper.step()
    return loss.item(), (logits.argmax(-1) == wanted).float().mean().item()


def save(network: Network, path: Path) -> None:
    """Write weights and shape."""
    torch.save({"weights": network.state_dict(), "shape": tuple(network.shape)}, path)


def load(path: Path) -> Network:
    """Read what `save` wrote."""
    saved: dict[str, Any] = torch.load(path)
    network = Network(Shape(*saved["shape"]))
    network.load_state_dict(saved["weights"])
    return network


def main() -> None:
    """Train until the time is over."""
    parser = argparse.ArgumentParser(description="Train the demo model.")
    parser.add_argument("--minutes", type=float, default=20.0, help="how long to train")
    parser.add_argument("--rate", type=float, default=4e-3, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=1, help="of weights and data")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--tokenizer", type=Path, default=SHIPPED, help="tokenizer (default: the one in this folder)")
    parser.add_argument("--start", type=Path, help="weights to go on from")
    parser.add_argument("--out", type=Path, required=True, help="file for the weights")
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    tokenizer = Tokenizer.from_file(str(options.tokenizer))
    network = load(options.start) if options.start else Network(Shape(tokenizer.get_vocab_size()))
    print(f"{sum(parameter.numel() for parameter in network.parameters())} parameters, {network.shape}", flush=True)

    steppers = optimizers(network, options.rate)
    begin = reported = time.monotonic()
    mean_loss = mean_hits = math.nan
    for step, batch in enumerate(batches(options.seed, tokenizer)):
        elapsed_s = time.monotonic() - begin
        if elapsed_s >= options.minutes * 60:
            break
        for stepper in steppers:
            for group in stepper.param_groups:
                group["lr"] = options.rate * rate_factor(step, elapsed_s / (options.minutes * 60))
        loss, hits = train_step(network, batch, steppers)
        mean_loss = loss if step == 0 else SMOOTHING * mean_loss + (1 - SMOOTHING) * loss
        mean_hits = hits if step == 0 else SMOOTHING * mean_hits + (1 - SMOOTHING) * hits
        if time.monotonic() - reported > REPORT_INTERVAL_S:
            reported = time.monotonic()
            print(f"{elapsed_s:6.0f} s  step {step}  loss {mean_loss:.4f}  hits {mean_hits:.4f}", flush=True)
            save(network, options.out)
    save(network, options.out)
    print(f"{options.out}: loss {mean_loss:.4f}, hits {mean_hits:.4f}")


if __name__ == "__main__":
    main()
