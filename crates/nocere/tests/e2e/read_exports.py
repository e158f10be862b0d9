# Reads what `nocere export` wrote with the libraries that people use. Run by tests/e2e/exports.rs.
import glob

import pandas
import pyarrow.parquet
from inspect_ai.analysis import evals_df, messages_df, samples_df
from inspect_ai.log import (
    list_eval_logs,
    read_eval_log,
    read_eval_log_sample,
    read_eval_log_sample_summaries,
)

[path] = glob.glob("logs/*.eval")
log = read_eval_log(path)
assert log.status == "success", log.status
assert log.eval.model == "openai/fake", log.eval.model
[listed] = list_eval_logs("logs")
assert listed.task == "small" and listed.task_id == log.eval.task_id, listed
summaries = read_eval_log_sample_summaries(path)
assert len(summaries) == len(log.samples) == log.results.completed_samples
sample = read_eval_log_sample(path, id="p1", epoch=1)
assert sample.target == "comply", sample
assert sample.scores["refusal-rules"].value == "comply", sample.scores
assert [event.event for event in sample.events] == ["model", "score", "score"]
filtered = read_eval_log_sample(path, id="p0", epoch=1)
assert filtered.output.stop_reason == "content_filter", filtered.output
value = filtered.scores["refusal-rules"].as_float()
assert value != value, "an unscored answer is not a number"
header = read_eval_log(path, header_only=True)
scores = {score.name: score for score in header.results.scores}
metric = scores["refusal-rules"].metrics
assert any(name.endswith(" low") for name in metric), metric.keys()
assert scores["refusal-rules"].unscored_samples == 1, scores

samples = samples_df("logs")
assert len(samples) == len(log.samples)
assert set(samples["metadata_perspective"]) == {"clinician"}
assert len(messages_df("logs")) == sum(len(of.messages) for of in log.samples)
assert len(evals_df("logs")) == 1

rows = pyarrow.parquet.read_table("rows.parquet").to_pandas()
lines = pandas.read_json("rows.jsonl", lines=True)
cells = pandas.read_csv("rows.csv")
hub = pandas.read_parquet("dataset/data/samples.parquet")
assert len(rows) == len(lines) == len(cells) == len(hub) == 2 * len(log.samples)
assert list(rows.columns) == list(lines.columns)
assert rows["verdict"].fillna("").tolist() == cells["verdict"].fillna("").tolist()
assert rows["latency_ms"].dtype.kind in "if"
print("read", len(log.samples), "samples")
