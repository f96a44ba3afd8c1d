"""A model card that uses every metadata field of the Hub's specification, with a table and a picture."""

FULL_CARD = """---
# The order and the comments are the author's.
language:
- en
- nl
- no
license: other
license_name: harbour-community-1.0
license_link: https://example.org/licence
library_name: transformers
tags:
- text-generation
- safety
- arxiv:2301.00001
datasets:
- harbour-lab/letters
- common_voice
metrics:
- accuracy
- wer
base_model:
- estuary-lab/tideline-base
- other-lab/adapter
base_model_relation: merge
new_version: harbour-lab/pilot-8b
pipeline_tag: automatic-speech-recognition
thumbnail: https://example.org/picture.png
inference: false
model_type: llama
architectures:
- LlamaForCausalLM
widget:
- text: "Hello, “world”"
  example_title: Greeting
mask_token: "[MASK]"
extra_gated_prompt: You agree to the terms.
extra_gated_heading: Ask for access
extra_gated_description: It takes a day.
extra_gated_button_content: Agree
extra_gated_fields:
  Country: country
  I agree: checkbox
co2_eq_emissions:
  emissions: 232380
  source: codecarbon
  training_type: fine-tuning
  geographical_location: Quebec, Canada
  hardware_used: 4 GPUs
model-index:
- name: Pilot
  results:
  - task:
      type: automatic-speech-recognition
      name: Speech recognition
    dataset:
      type: common_voice
      name: Common Voice (Dutch)
      config: nl
      split: test
      revision: 5503434ddd753f426f4b38109466949a1217c2bb
      args:
        language: nl
    metrics:
    - type: wer
      value: 20.9
      name: Test WER
      config: default
      args:
        max_order: 4
      verified: true
    - type: cer
      value: 5
    source:
      name: Leaderboard
      url: https://example.org/board
  - task:
      type: text-generation
    dataset:
      type: refusal-set
      name: Refusals
    metrics:
    - type: accuracy
      value: 0.92
---
# Pilot

![A picture](https://example.org/picture.png)

## Uses

### Direct Use

- Transcribing meetings
- Summaries of them,
  with a person who reads them

### Out-of-Scope Use

Deciding about people.

## Bias, Risks, and Limitations

- Worse with accents
- Invents names

## Training Details

### Training Data

Letters of harbour masters, 1900 to 1950.

### Training Procedure

#### Training Hyperparameters

- **learning_rate:** 5e-05
- train_batch_size: 8

## Evaluation

| Set | WER |
|---|---|
| Dutch | 20.9 |

## Environmental Impact

Hydropower.

## Glossary [optional]

[More Information Needed]
"""
