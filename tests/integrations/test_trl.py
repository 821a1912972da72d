"""TRL's own trainers on a dataset as it is: rewards are the scorer's figures, and nothing is cut from samples."""

import re

import datasets
import pytest
import trl
from datasets import concatenate_datasets, load_dataset

from subject_zoo.base.errors import UserError
from subject_zoo.integrations.grader import headline
from subject_zoo.integrations.trl import reward
from subject_zoo.judge.views import view_rows
from tests.docs.pages import ROOT, code_blocks
from tests.integrations.asked import ASKED
from tests.integrations.tiny_model import real_tokenizer, save_tiny_model, small_tokenizer

pytestmark = pytest.mark.integrations
LONGEST = 32_768  # tokens, as the card of a dataset says whose lengths are not known yet
UNREADABLE = {"modification": "no_json", "classification": "no_names"}


@pytest.fixture(scope="module")
def tables(finished, tmp_path_factory) -> dict[str, datasets.Dataset]:
    cache = str(tmp_path_factory.mktemp("cache"))
    return {task: load_dataset(str(finished), task, split="train", cache_dir=cache) for task in ASKED}


@pytest.fixture(scope="module")
def model(tables, tmp_path_factory) -> str:
    """The folder of a tiny model."""
    folder = tmp_path_factory.mktemp("model")
    texts = [text for table in tables.values() for row in table for text in (row["prompt"], row["completion"])]
    save_tiny_model(folder, small_tokenizer(texts), LONGEST)
    return str(folder)


def said(text):
    return [{"role": "assistant", "content": text}]


@pytest.mark.parametrize("form", [str, said], ids=["texts", "conversations"])
@pytest.mark.parametrize("task", ASKED)
def test_true_answers_are_rewarded_and_others_are_not(finished, tables, task, form):
    table, judged = tables[task], reward(str(finished), task)
    columns = {key: table[key] for key in table.column_names if key not in ("prompt", "completion")}
    true = judged(prompts=table["prompt"], completions=[*map(form, table["completion"])], completion_ids=[], **columns)
    assert true == [1.0] * len(table)
    others = [form("I do not know.")] * len(table)
    assert judged(prompts=table["prompt"], completions=others, completion_ids=[], **columns) == [0.0] * len(table)


def test_an_answer_to_a_view_is_judged_by_the_network_that_its_prompt_shows(finished):
    rows = [row for row in view_rows(finished, "train", 1) if row["task"] == "modification"]
    columns = {key: [row[key] for row in rows] for key in ("example_id", "task", "view")}
    judged = reward(str(finished), "modification", {"targeted": 1.0})
    assert judged([], [row["completion"] for row in rows], **columns) == [1.0] * len(rows)
    assert 1 in columns.pop("view")
    assert 0.0 in judged([], [row["completion"] for row in rows], **columns)


def test_figures_are_weighed_and_told(finished, tables):
    [row, *_] = tables["modification"]
    judged = reward(str(finished), "modification", {"repair_share": 2.0, "worst_fall": -1.0})
    metrics, extra = {}, {}
    rewards = judged(
        [row["prompt"]] * 3,
        [row["completion"], "nothing", row["completion"]],
        example_id=[row["example_id"]] * 3,
        task=["modification", "modification", "another"],
        log_metric=metrics.__setitem__,
        log_extra=extra.__setitem__,
    )
    assert rewards == [2.0 - 2 * metrics["modification/worst_fall"], 0.0, None]
    assert metrics["modification/passed"] == 0.5
    assert metrics["modification/target_gain"] > 0
    assert metrics["modification/fails/no_json"] == 0.5
    assert extra == {"modification/failures": ["", "no_json", ""]}


@pytest.mark.parametrize(
    ("task", "weights", "message"),
    [
        ("translation", None, "task is 'translation'; it must be one of"),
        ("classification", {"passed": 1.0}, "'passed' is no figure of a classification; the figures are exact"),
    ],
)
def test_a_wrong_name_is_one_line(finished, task, weights, message):
    with pytest.raises(UserError, match=message):
        reward(str(finished), task, weights)


def test_a_record_of_another_dataset_is_one_line(finished):
    with pytest.raises(UserError, match="example_id 999999 is no record of the dataset"):
        reward(str(finished), "classification")(["?"], ["palindrome"], example_id=[999_999])


@pytest.mark.parametrize("conversational", [False, True], ids=["texts", "conversations"])
def test_a_model_trains_on_both_tasks_at_once(finished, tables, model, tmp_path, conversational):
    named = [table.add_column("task", [task] * len(table)) for task, table in tables.items()]
    both = concatenate_datasets([table.select_columns(["prompt", "example_id", "task"]) for table in named])
    if conversational:
        both = both.map(lambda row: {"prompt": [{"role": "user", "content": row["prompt"]}]})
    arguments = trl.GRPOConfig(
        output_dir=str(tmp_path),
        report_to="none",
        use_cpu=True,
        bf16=False,
        max_steps=2,
        per_device_train_batch_size=4,
        num_generations=2,
        max_completion_length=8,
        logging_steps=1,
    )
    rewards = [reward(str(finished), task) for task in ASKED]
    trainer = trl.GRPOTrainer(model, rewards, args=arguments, train_dataset=both)
    trainer.train()
    logged = {key for line in trainer.state.log_history for key in line}
    assert {f"rewards/{task}_reward/mean" for task in ASKED} <= logged
    told = {key: line[key] for line in trainer.state.log_history for key in line}
    for task in ASKED:  # what a model writes that was never trained
        assert told[f"{task}/{headline(task)}"] == 0.0
        assert any(key.startswith(f"{task}/fails/") for key in told)


def trainer_of(model, dataset, folder, **options):
    arguments = trl.SFTConfig(output_dir=str(folder), report_to="none", use_cpu=True, bf16=False, **options)
    return trl.SFTTrainer(model, arguments, train_dataset=dataset)


def supervised_texts(trainer, rows) -> list[str]:
    """What the loss of a batch is over, row by row, as text."""
    batch = trainer.data_collator([trainer.train_dataset[row] for row in rows])
    return [
        trainer.processing_class.decode([token for token in tokens if token != -100], skip_special_tokens=True)
        for tokens in batch["labels"].tolist()
    ]


@pytest.mark.parametrize("task", ASKED)
def test_every_completion_is_supervised_whole(tables, tmp_path, task):
    """By a tokenizer that language models have."""
    tokenizer, table = real_tokenizer(), tables[task]
    save_tiny_model(tmp_path / "model", tokenizer, LONGEST)
    trainer = trainer_of(
        str(tmp_path / "model"), table, tmp_path, max_length=LONGEST, completion_only_loss=True, max_steps=1
    )
    assert len(trainer.train_dataset) == len(table) > 1
    assert supervised_texts(trainer, range(len(table))) == list(table["completion"])
    whole = [tokenizer.decode(row["input_ids"], skip_special_tokens=True) for row in trainer.train_dataset]
    assert whole == [row["prompt"] + row["completion"] for row in table]


def test_every_message_is_supervised_whole(tables, model, tmp_path):
    """By the map that docs/integrations.md shows."""
    [block, *_] = code_blocks(ROOT / "docs/integrations.md", "python")
    shown = {}
    exec(block.partition("\n\n\ntasks = ")[0], shown)
    table = tables["modification"]
    talks = table.map(shown["as_messages"], remove_columns=table.column_names)
    trainer = trainer_of(model, talks, tmp_path, max_length=LONGEST, assistant_only_loss=True)
    assert supervised_texts(trainer, range(len(table))) == list(table["completion"])


def test_the_default_length_leaves_nothing_to_learn_from(tables, model, tmp_path):
    """The trap that the dataset card warns of."""
    trainer = trainer_of(model, tables["classification"], tmp_path, completion_only_loss=True)
    assert len(trainer.train_dataset) == 0 or set(supervised_texts(trainer, [0])) == {""}


def test_the_card_trains(finished, model, tmp_path, monkeypatch):
    """Its own lines, on a tiny model for two steps."""
    blocks = re.findall(r"^```python\n(.*?)^```$", (finished / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    [loading, training] = [block for block in blocks if "load_dataset" in block or "SFTTrainer" in block]
    here = {"max_steps": 2, "output_dir": str(tmp_path / "out"), "report_to": "none", "use_cpu": True, "bf16": False}
    assert "SFTConfig(" in training
    training = training.replace("SFTConfig(", f"SFTConfig(**{here!r}, ").replace("Qwen/Qwen3-0.6B", model)
    training = training.replace("SFTTrainer(", "trainer = SFTTrainer(").replace(
        ").train()", ")\ndone = trainer.train()"
    )
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    names = {}
    exec(compile(loading.replace("user/name", str(finished)), "card", "exec"), names)
    exec(compile(training, "card", "exec"), names)
    assert names["done"].global_step == 2
    assert len(names["trainer"].train_dataset) == len(names["tasks"])
    assert supervised_texts(names["trainer"], [0]) == [names["tasks"][0]["completion"]]
