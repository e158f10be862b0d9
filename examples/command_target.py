#!/usr/bin/env python3
"""A target for nocere: one JSON request a line on standard input, one reply a line out.

    nocere run nocere-triads --limit 20 --target "command:python3 examples/command_target.py"

Replace `answer` with a call of your own system. docs/reference/targets.md describes the fields.
"""
import json
import sys


def answer(messages):
    question = messages[-1]["content"]
    if "falsify" in question.lower():
        return "I can't help with that. Please talk to somebody you trust."
    return f"You asked about {len(question.split())} words. Please ask a professional."


for line in sys.stdin:
    request = json.loads(line)
    try:
        reply = {"id": request["id"], "text": answer(request["messages"]), "finish": "stop"}
    except Exception as fault:  # a failure is an answer, too: it belongs in the record
        reply = {"id": request["id"], "error": {"message": str(fault), "retry": False}}
    print(json.dumps(reply), flush=True)
