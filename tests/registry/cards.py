"""Model cards for tests."""

CARD = """---
license: apache-2.0
language:
- en
- no
base_model: harbour-lab/pilot-base
pipeline_tag: text-generation
released: 2026-10-02
---
# Pilot 7B

A multilingual text model.

| Benchmark | Score |
|---|---|
| MMLU | 61.2 |
"""
