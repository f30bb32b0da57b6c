import random
import re

import pytest

from domain.api_keys import ALPHABET, environment_of, hash_key, make_key


@pytest.mark.parametrize("environment", ["live", "test"])
def test_a_key_has_its_prefix_and_length_and_says_its_environment(environment: str) -> None:
    key = make_key(environment, random.Random(1).choice)
    assert re.fullmatch(rf"sk_{environment}_[0-9A-Za-z]{{49}}", key)
    assert environment_of(key) == environment


def test_every_single_wrong_character_is_noticed() -> None:
    key = make_key("live", random.Random(2).choice)
    for place in range(len("sk_live_"), len(key)):
        wrong = (
            key[:place]
            + ALPHABET[(ALPHABET.index(key[place]) + 1) % len(ALPHABET)]
            + key[place + 1 :]
        )
        assert environment_of(wrong) is None


@pytest.mark.parametrize(
    "text", ["", "sk_live_", "sk_prod_" + "a" * 49, "x" * 57, "sk_live_" + "é" * 49]
)
def test_other_texts_are_no_keys(text: str) -> None:
    assert environment_of(text) is None


def test_the_hash_depends_on_the_pepper_and_does_not_show_the_key() -> None:
    key = make_key("live", random.Random(3).choice)
    assert hash_key(key, "a") != hash_key(key, "b")
    assert len(hash_key(key, "a")) == 32
