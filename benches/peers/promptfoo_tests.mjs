// One test per prompt of the JSONL at $PROMPTS.
import { readFileSync } from 'node:fs';

export default () =>
  readFileSync(process.env.PROMPTS, 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ vars: { prompt: JSON.parse(line).content } }));
