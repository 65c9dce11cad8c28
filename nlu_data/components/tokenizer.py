"""Chinese words for the components that want tokens."""

from __future__ import annotations

from typing import Any

import jieba
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

from nlu_data.components.places import load_places


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class ChineseTokenizer(Tokenizer):
    """jieba with the city's names in its dictionary.

    Rasa's own JiebaTokenizer makes tokens of blanks, which count as words, and reads its dictionary from a
    path that is stored in the model.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
            "prefix_separator_symbol": None,
        }

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self._jieba = jieba.Tokenizer()
        self._jieba.cache_file = None
        jieba.setLogLevel("WARNING")
        for name in load_places().names():
            self._jieba.add_word(name)

    @classmethod
    def required_packages(cls) -> list[str]:
        return []

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """Cut into words; blanks are none."""
        text = message.get(attribute)
        tokens = [Token(word, start) for word, start, _ in self._jieba.tokenize(text) if word.strip()]
        return self._apply_token_pattern(tokens)
