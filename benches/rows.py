#!/usr/bin/env python3
"""Writes rows in the layouts of HealthBench, MedQA and Asclepius, with answers and images, to measure importing and
judging.

Usage: benches/rows.py FOLDER [ROWS]. The texts are the same in every run and mean nothing; no file has more than
ROWS rows if they are given.
"""

import json
import shutil
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


def asclepius(n, image):
    """A choice, a yes or no, or an open question about an image."""
    kinds = [
        ("multiple-choice", f"Which finding has image {n}? A. one B. two C. three D. four", LETTERS[n % 4]),
        ("yes/no", f"Is finding {n} there?", "Yes" if n % 2 else "No"),
        ("open", f"What is finding {n}?", f"Finding {n}"),
    ]
    kind, question, answer = kinds[n % 3]
    return {
        "question_id": n,
        "question_type": kind,
        "question": question,
        "answer": answer,
        "image_id": image,
        "image_id2": "",
        "specialty_gpt": "Cardiology",
        "Class": "disease identification",
    }


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
    # As many records and images as the published file has; the images are our drawings over and over.
    drawings = sorted((Path(__file__).parent.parent / "assets/suites/packs/images").glob("*.png"))
    images = folder / "asclepius" / "images"
    images.mkdir(parents=True, exist_ok=True)
    ids = [f"i{n}" for n in range(2_798)][:most]
    for n, image in enumerate(ids):
        shutil.copyfile(drawings[n % len(drawings)], images / f"{image}.png")
    records = [asclepius(n, ids[n % len(ids)]) for n in range(3_232)][:most]
    (folder / "asclepius" / "Asclepius_bench.json").write_text(json.dumps(records))


main()
