#!/usr/bin/env python3
"""Writes rows in the layouts of HealthBench and MedQA, with answers, to measure importing and judging.

Usage: benches/rows.py FOLDER [ROWS]. The texts are the same in every run and mean nothing; no file has more than
ROWS rows if they are given.
"""

import json
import sys
from pathlib import Path

LETTERS = "ABCD"


def healthbench(n):
    """A conversation with ten criteria."""
    rubrics = [
        {
            "criterion": f"Says thing number {k} of {n} that a careful doctor says",
            "points": k % 9 + 1 if k % 5 else -(k % 9 + 1),
            "tags": ["level:example", "axis:accuracy"],
        }
        for k in range(10)
    ]
    ask = f"Question number {n} about a cough that has lasted for {n} days, with some fever at night."
    prompt = [{"role": "user", "content": ask}]
    return {"prompt_id": f"p{n}", "prompt": prompt, "rubrics": rubrics, "example_tags": ["theme:hedging"]}


def medqa(n):
    """A choice of four."""
    options = {letter: f"{letter.lower()} drug number {n}" for letter in LETTERS}
    question = f"Which drug is right for patient number {n}?"
    return {"question": question, "options": options, "answer_idx": LETTERS[n % 4], "meta_info": "step1"}


def answer(row, n):
    """A recorded answer to the prompt that the importer makes of the row."""
    options = "".join(f"\n{letter}. {text}" for letter, text in row["options"].items())
    prompt = f'{row["question"]}\n{options}\n\nGive the letter of the best answer first, as in "Answer: A".'
    return {"prompt": prompt, "response": f"Answer: {LETTERS[n // 3 % 4]}"}


def main():
    folder = Path(sys.argv[1])
    most = int(sys.argv[2]) if len(sys.argv) > 2 else None
    folder.mkdir(parents=True, exist_ok=True)
    choices = [medqa(n) for n in range(10_000)]
    for name, rows in [
        ("healthbench.jsonl", [healthbench(n) for n in range(5_000)]),
        ("medqa.jsonl", choices),
        ("medmcqa-size.jsonl", choices[:4_183]),
        ("answers.jsonl", [answer(row, n) for n, row in enumerate(choices)]),
    ]:
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows[:most]))


main()
