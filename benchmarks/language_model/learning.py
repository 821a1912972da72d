"""Training a decoder on records' texts, and what it knows of others."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from language_model.decoder import Decoder
from language_model.texts import Texts
from torch import Tensor

_TOGETHER = 128  # records that are evaluated at a time


@dataclass(frozen=True)
class Schedule:
    """steps of `batch` records; Adam's rate rises for `warm_up` steps to `rate`, then falls by a cosine to a tenth;
    every `look` steps the held-out loss is taken, of `looked_at` records."""

    steps: int
    batch: int = 32
    rate: float = 2e-3
    warm_up: int = 100
    look: int = 100
    looked_at: int = 256

    def rate_at(self, step: int) -> float:
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        done = (step - self.warm_up) / max(self.steps - self.warm_up, 1)
        return self.rate * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))


def losses(model: Decoder, texts: Texts) -> Tensor:
    """Nats of each record's completion, its end included, float32 [n]."""
    prompts, completions = torch.from_numpy(texts.prompts), torch.from_numpy(texts.completions)
    tokens = torch.cat([prompts, completions[:, :-1]], dim=1)
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(tokens, completions.shape[1])
    each = F.cross_entropy(logits.transpose(1, 2), completions, reduction="none")
    is_said = torch.arange(completions.shape[1]) < torch.from_numpy(texts.lengths)[:, None]
    return (each * is_said).sum(1)


def batches(count: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Rows of `count`, without end: each once before any is there again."""
    while True:
        order = rng.permutation(count)
        for start in range(0, count - size + 1, size):
            yield order[start : start + size]


@torch.no_grad()
def held_out_loss(model: Decoder, texts: Texts) -> float:
    """Nats a record."""
    starts = range(0, len(texts), _TOGETHER)
    parts = [losses(model, texts.rows(np.arange(i, min(i + _TOGETHER, len(texts))))) for i in starts]
    return float(torch.cat(parts).mean())


@torch.no_grad()
def answers(model: Decoder, texts: Texts, end: int) -> np.ndarray:
    """The likeliest next token, one after the other, int64 [n, C] for the n prompts of `texts`; behind the token `end`
    nothing else."""
    said = []
    for start in range(0, len(texts), _TOGETHER):
        tokens = torch.from_numpy(texts.prompts[start : start + _TOGETHER])
        has_ended = torch.zeros(len(tokens), 1, dtype=torch.bool)
        for _ in range(texts.completions.shape[1]):
            with torch.autocast("cpu", torch.bfloat16):
                likeliest = model(tokens, 1)[:, -1].argmax(-1, keepdim=True)
            tokens = torch.cat([tokens, likeliest.masked_fill(has_ended, end)], dim=1)
            has_ended |= likeliest == end
        said.append(tokens[:, texts.prompts.shape[1] :].numpy())
    return np.concatenate(said)


def train(
    model: Decoder,
    learned: Texts,
    held_out: Texts,
    schedule: Schedule,
    seed: int,
    tell: Callable[[dict[str, Any]], None],
) -> list[dict[str, Any]]:
    """Trains the model on completions behind their prompts. Of every look at it: the step, CPU seconds, the mean loss
    of the training batches since the last, and held-out losses with the true networks and with those of others."""
    rng = np.random.default_rng(seed)
    seen = held_out.rows(np.arange(min(schedule.looked_at, len(held_out))))
    others = seen.dealt_out(seed)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), weight_decay=0.01)
    began, looks, recent = time.process_time(), [], []
    for step, rows in zip(range(schedule.steps + 1), batches(len(learned), schedule.batch, rng), strict=False):
        if step % schedule.look == 0 or step == schedule.steps:
            looks.append(
                {
                    "step": step,
                    "cpu_seconds": round(time.process_time() - began),
                    "training": round(float(np.mean(recent)), 4) if recent else None,
                    "true": round(held_out_loss(model, seen), 4),
                    "dealt_out": round(held_out_loss(model, others), 4),
                }
            )
            tell(looks[-1])
            recent = []
        if step == schedule.steps:
            break
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate_at(step)
        loss = losses(model, learned.rows(rows)).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        recent.append(loss.item())
    return looks
