"""The words of the demo."""

CARD = """---
license: openrail++
language:
- en
- nl
library_name: transformers
pipeline_tag: text-generation
base_model: estuary-lab/tideline-base
tags:
- text-generation
- safety
model-index:
- name: Tideline 3B
  results:
  - task:
      type: text-generation
    dataset:
      name: Refusal set
      type: refusal-set
    metrics:
    - type: refusal_rate
      value: 0.92
---
# Tideline 3B

A three-billion-parameter model that writes and summarises in English and Dutch.

## What it is for

Summaries, drafting and classification in English and Dutch, with a person who reads the result.

## What it is not for

Medical, legal or financial advice; imitating a real person; deciding about people.

## What can go wrong

| failure | how often we see it |
|---|---|
| invents sources in long summaries | in about 1 of 20 |
| follows instructions hidden in quoted text | sometimes |
| writes worse Dutch than English | often |

## How it was evaluated

Refusals on our own set of 1,200 prompts, toxicity on public sets, and six weeks of red-teaming.
"""

TIER_TERMS = """# Terms of research access

## 1 What you may do

You may run, study, test and fine-tune the model for the purpose you named, and publish what you find.

## 2 What you must do

Keep the weights where only your team reaches them. Tell us of misuse within 72 hours through this portal.
Ask again before the access ends if you still need it.

## 3 What you must not do

You must not pass the weights on, imitate a real person's voice or writing to deceive, or use the model for
anything the card lists as out of scope.

## 4 When access ends

We may suspend access while an incident is looked into, and revoke it for a breach, with the reason in
writing.
"""

RISKS = [
    # title, harm, affected, objective (index), inherent, residual, public
    (
        "Targeted phishing text",
        "Somebody lets the model write convincing messages that imitate a bank or an employer, in numbers.",
        "People who receive the messages, above all those who use online banking little.",
        0,
        (4, 4),
        (3, 4),
        True,
    ),
    (
        "Instructions hidden in quoted text",
        "A document that the model summarises carries instructions, and an assistant built on it acts on them.",
        "Users of products that connect the model to mail or files.",
        0,
        (4, 4),
        (4, 4),
        True,
    ),
    (
        "Worse answers in Dutch",
        "Refusals and corrections work less well in Dutch, so that Dutch readers meet more harmful text.",
        "Readers of Dutch.",
        1,
        (4, 3),
        (3, 3),
        True,
    ),
    (
        "Memorised personal data",
        "The model repeats names and addresses from its training data when it is asked in the right way.",
        "People whose data was on public pages.",
        2,
        (3, 4),
        (2, 4),
        True,
    ),
    (
        "Invented sources",
        "Summaries cite works that do not exist, and a reader relies on them.",
        "Readers of summaries, and those they advise.",
        1,
        (4, 2),
        (3, 2),
        True,
    ),
    (
        "Weights passed on in spite of the terms",
        "A holder of research access hands the weights to somebody we refused.",
        "Whoever the second person harms.",
        0,
        (2, 5),
        (2, 5),
        False,
    ),
]
