"""Components that run inside Rasa: tokenizer, sentence encoder, the two heads, and the entity extractor.

They import Rasa, NumPy and scikit-learn, and nothing of the other packages
(docs/adr/0003-language-understanding.md).
"""
