"""Components that run inside Rasa: the two heads and the entity extractor.

They import Rasa, NumPy and SciPy, training also jieba and the sentence encoder; nothing of the other packages
(docs/adr/0003-language-understanding.md).
"""
