"""The proof in small: tokens are the text, the loss is a plain sum, a gap opens where completions follow prompts."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from language_model.__main__ import main, over_seeds, unread_loss
from language_model.decoder import Decoder
from language_model.learning import Schedule, answers, held_out_loss, losses, train
from language_model.picture import draw
from language_model.texts import END, Texts, read_records, shared_ends, tokenizer_of

WORDS = ["starts_with", "ends_with", "palindrome"]


numbers = st.lists(st.integers(-99, 99).map(lambda n: n / 10), min_size=6, max_size=6)


def written(cells: list[float]) -> str:
    """Numbers as records have them, equally wide."""
    return ",".join(f"{cell:<4.1f}" for cell in cells)


@settings(max_examples=30)
@given(st.lists(numbers, min_size=2, max_size=5), st.sets(st.sampled_from(WORDS), min_size=1))
def test_tokens_are_the_text_and_a_number_has_its_place(rows, named):
    named = ", ".join(name for name in WORDS if name in named)
    prompts = [f'Which of 15? {{"0":[[{written(row)}]]}}\nAnswer, in 1 line.\n' for row in rows]
    records = [(0, prompt, named) for prompt in prompts]
    tokenizer = tokenizer_of(records, WORDS)
    texts = Texts.of(records, tokenizer)
    for row, (_, prompt, completion) in enumerate(records):
        assert tokenizer.decode(list(texts.prompts[row]), skip_special_tokens=False).replace(END, "") == prompt
        assert tokenizer.decode(list(texts.completions[row])) == completion
    assert {len(tokenizer.encode(prompt).ids) for prompt in prompts} == {texts.prompts.shape[1]}


@given(st.lists(st.text("ab1.-", max_size=6), min_size=1, max_size=5))
def test_shared_ends_are_shared(texts):
    first, last = shared_ends(texts)
    assert all(text.startswith(first) and text.endswith(last) for text in texts)
    assert not first.endswith(tuple("-., 0123456789"))


def made(count: int, follows: bool, seed: int = 0) -> Texts:
    """Prompts of four tokens of 1 to 5; completions are the last or drawn; 0 is the end, and fills up."""
    rng = np.random.default_rng(seed)
    prompts = rng.integers(1, 6, (count, 4))
    said = prompts[:, 3] if follows else rng.integers(1, 6, count)
    return Texts(prompts, np.stack([said, *[np.zeros_like(said)] * 3], 1), np.full(count, 2))


@given(st.integers(2, 30), st.integers(0, 5))
def test_networks_are_dealt_out_to_others(count, seed):
    texts = made(count, follows=True)
    dealt = texts.rows(np.arange(count)).dealt_out(seed)
    marked = Texts(np.arange(count)[:, None], texts.completions, texts.lengths).dealt_out(seed)
    assert sorted(marked.prompts[:, 0]) == list(range(count))
    assert (marked.prompts[:, 0] != np.arange(count)).all()
    np.testing.assert_array_equal(dealt.prompts, texts.prompts[marked.prompts[:, 0]])
    np.testing.assert_array_equal(dealt.completions, texts.completions)


def small_decoder() -> Decoder:
    torch.manual_seed(0)
    return Decoder(vocabulary=6, longest=8, width=16, layers=2, heads=2)


def test_the_loss_is_that_of_a_plain_loop():
    model = small_decoder()
    texts = Texts(np.array([[1, 2, 3], [4, 5, 1]]), np.array([[2, 3, 0], [1, 0, 0]]), np.array([3, 2]))
    found = losses(model, texts).tolist()
    for row, (prompt, completion) in enumerate(([[1, 2, 3], [2, 3, 0]], [[4, 5, 1], [1, 0]])):
        expected = 0.0
        for place, token in enumerate(completion):
            with torch.no_grad():
                logits = model(torch.tensor([prompt + completion[:place]]), 1)[0, 0]
            expected -= float(torch.log_softmax(logits, 0)[token])
        assert found[row] == pytest.approx(expected, rel=0.02)  # its arithmetic is in bfloat16


def test_what_follows_is_said_without_having_seen_it():
    model = small_decoder()
    with torch.no_grad():
        one, other = (model(torch.tensor([[1, 2, 3, last]]), 4)[0] for last in (4, 5))
    torch.testing.assert_close(one[:3], other[:3], rtol=0, atol=0)
    assert (one[3] != other[3]).all()


@pytest.mark.parametrize("follows", [True, False])
def test_a_gap_opens_where_completions_follow_prompts_and_nowhere_else(follows):
    learned, held_out = made(2000, follows), made(200, follows, seed=1)
    schedule = Schedule(steps=60, rate=2e-2, warm_up=5, look=30)
    model, told = small_decoder(), []
    looks = train(model, learned, held_out, schedule, 0, told.append)
    assert looks == told
    assert [look["step"] for look in looks] == [0, 30, 60]
    gap = held_out_loss(model, held_out.dealt_out(0)) - held_out_loss(model, held_out)
    said = answers(model, held_out, end=0)
    if follows:
        assert gap > 1
        assert (said == held_out.completions).all(1).mean() > 0.9
    else:
        assert abs(gap) < 0.2
        assert looks[-1]["true"] == pytest.approx(np.log(5), abs=0.2)


def test_what_can_be_known_without_a_network():
    learned = [(0, "", "a")] * 3 + [(0, "", "b")] * 4
    assert unread_loss(learned, [(1, "", "a"), (2, "", "c")]) == pytest.approx(-(np.log(3 / 8) + np.log(1 / 8)) / 2)


def test_an_interval_over_seeds_is_students():
    assert over_seeds([1.0]) == [1.0, None, None]
    assert over_seeds([1.0, 2.0, 3.0]) == pytest.approx([2, 2 - 4.303 / 3**0.5, 2 + 4.303 / 3**0.5], rel=1e-3)


def test_the_command_on_a_dataset_and_its_picture(finished, tmp_path, capsys):
    words = f"{finished} --steps 2 --batch 2 --width 8 --layers 1 --heads 1 --look 1 --json {tmp_path / 'r.json'}"
    main([*words.split(), "--seeds", "1"])
    [first] = json.loads((tmp_path / "r.json").read_text())["seeds"]
    capsys.readouterr()
    main([*words.split(), "--seeds", "2"])
    assert '"seed": 0, "step"' not in capsys.readouterr().out  # it is not run again
    results = json.loads((tmp_path / "r.json").read_text())
    assert results["seeds"][0] == first
    assert results["records"]["train"] == len(read_records(finished, "train")) > 0
    assert results["gap"][0] == pytest.approx(np.mean([one["dealt_out"] - one["true"] for one in results["seeds"]]))
    draw(results, tmp_path / "picture.svg")
    again = tmp_path / "again.svg"
    draw(results, again)
    assert again.read_bytes() == (tmp_path / "picture.svg").read_bytes()
    assert "shown its own" in again.read_text()
