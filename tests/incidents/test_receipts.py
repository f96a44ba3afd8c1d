"""The receipt: what it forgives, what it notices, and that it says where."""

import itertools
import random
import re

import pytest

from common.logs import redact
from incidents import receipts
from incidents.receipts import ALPHABET, GROUPS, Mistyped, Receipt, check_character, is_whole, parse, with_check

RECEIPT = Receipt("7QK2M9XD", "V3TN80WBA5HCRJ6YPE4G")


def test_a_receipt_has_seven_groups_of_five_and_is_read_back():
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{5}-){6}[0-9A-HJKMNP-TV-Z]{5}", RECEIPT.text)
    assert parse(RECEIPT.text) == RECEIPT


def test_no_wrong_character_leaves_a_group_whole():
    """All 32⁴ groups: the check is a bijection of each of its four characters while the others stay."""
    values = range(32)
    for group in range(GROUPS):
        for place in range(4):
            for others in itertools.product((0, 1, 7, 19, 31), repeat=3):
                seen = set()
                for value in values:
                    four = [*others[:place], value, *others[place:]]
                    seen.add(check_character(group, "".join(ALPHABET[one] for one in four)))
                assert len(seen) == 32


def test_every_single_slip_in_every_group_of_the_alphabet_is_noticed():
    """Exhaustive over what can go wrong: the sum is linear over XOR, so an error is noticed in one group
    exactly when it is noticed in all. Shown first, then used."""
    rng = random.Random(1)
    index = {one: value for value, one in enumerate(ALPHABET)}

    def syndrome(five):
        return index[five[4]] ^ index[check_character(0, five[:4])]

    for _ in range(20_000):
        one, other = ("".join(rng.choices(ALPHABET, k=5)) for _both in "12")
        mixed = "".join(ALPHABET[index[a] ^ index[b]] for a, b in zip(one, other, strict=True))
        assert syndrome(mixed) ^ syndrome(one) ^ syndrome(other) == syndrome("00000")

    whole = with_check(0, "0000")
    for place, value in itertools.product(range(5), range(1, 32)):
        broken = list(whole)
        broken[place] = ALPHABET[index[broken[place]] ^ value]
        assert not is_whole(0, "".join(broken))


def test_every_exchange_of_two_characters_in_a_group_is_noticed():
    """All pairs of places, all pairs of different characters, all of the rest sampled."""
    rng = random.Random(2)
    for first, second in itertools.combinations(range(4), 2):
        for one, other in itertools.permutations(ALPHABET, 2):
            four = rng.choices(ALPHABET, k=4)
            four[first], four[second] = one, other
            whole = with_check(3, "".join(four))
            swapped = list(whole)
            swapped[first], swapped[second] = swapped[second], swapped[first]
            assert not is_whole(3, "".join(swapped))
    # With the check itself: exhaustive over the character beside it and the rest sampled.
    for last, others in itertools.product(ALPHABET, [rng.choices(ALPHABET, k=3) for _ in range(200)]):
        whole = with_check(3, "".join([*others, last]))
        if whole[3] != whole[4]:
            assert not is_whole(3, whole[:3] + whole[4] + whole[3])


def test_a_group_fits_in_its_own_place_only():
    rng = random.Random(3)
    for one, other in itertools.permutations(range(GROUPS), 2):
        four = "".join(rng.choices(ALPHABET, k=4))
        assert not is_whole(other, with_check(one, four))


@pytest.mark.parametrize(
    "write",
    [
        str.lower,
        lambda text: text.replace("-", ""),
        lambda text: text.replace("-", " "),
        lambda text: text.replace("-", " – "),
        lambda text: f"  {text}\n",
        lambda text: text.replace("0", "o").replace("1", "l"),
        lambda text: text.replace("0", "O").replace("1", "I"),
        lambda text: "\n".join(text.split("-")),
        lambda text: text.translate({ord(a): chr(ord(a) + 0xFEE0) for a in "0123456789"}),
    ],
)
def test_a_receipt_is_read_as_people_write_it(write):
    assert parse(write(RECEIPT.text)) == RECEIPT


@pytest.mark.parametrize("group", range(GROUPS))
@pytest.mark.parametrize("place", range(5))
def test_one_wrong_letter_names_its_group(group, place):
    groups = RECEIPT.groups
    right = groups[group][place]
    wrong = next(one for one in ALPHABET if one != right)
    groups[group] = groups[group][:place] + wrong + groups[group][place + 1 :]
    for text in ("-".join(groups), "".join(groups)):
        with pytest.raises(Mistyped) as caught:
            parse(text)
        assert caught.value.groups == [group + 1]
        assert f"Group {group + 1} is mistyped" in str(caught.value)


def test_two_wrong_groups_are_both_named():
    groups = RECEIPT.groups
    groups[1], groups[4] = groups[4], groups[1]
    with pytest.raises(Mistyped, match="Groups 2 and 5 are mistyped"):
        parse("-".join(groups))


def test_a_letter_too_few_or_too_many_names_the_first_group_that_does_not_fit():
    text = RECEIPT.text.replace("-", "")
    with pytest.raises(Mistyped, match=r"has 35 characters in 7 groups of five; this has 34.*group 3"):
        parse(text[:12] + text[13:])
    groups = RECEIPT.groups
    groups[4] = groups[4][:4]
    with pytest.raises(Mistyped, match="Group 5 is mistyped"):
        parse("-".join(groups))


@pytest.mark.parametrize("text", ["", " ", "-", "?", "MR-12", "🙂" * 7, "U" * 35, RECEIPT.text * 2, "\x00"])
def test_nonsense_is_mistyped_and_nothing_worse(text):
    with pytest.raises(Mistyped):
        parse(text)


def test_a_locator_alone_can_be_told_without_the_secret():
    assert receipts.parse_locator("-".join(RECEIPT.groups[:2]).lower()) == RECEIPT.locator
    assert receipts.parse_locator("-".join(RECEIPT.groups[2:4])) is None
    assert receipts.parse_locator("bank letters") is None


def test_the_secret_is_in_no_representation_and_no_log():
    assert RECEIPT.secret not in repr(RECEIPT)
    assert RECEIPT.secret[:4] not in repr(RECEIPT)
    for text in (RECEIPT.text, RECEIPT.text.lower()):
        line = redact(f"somebody logged {text} here")
        assert text[12:] not in line
        assert text[:11] in line


def test_the_same_form_has_the_same_secret_and_another_another():
    assert receipts.secret_for(b"a" * 24) == receipts.secret_for(b"a" * 24)
    assert len({receipts.secret_for(bytes([n]) * 24) for n in range(256)}) == 256
    assert all(len(receipts.secret_for(bytes([n]))) == 20 for n in range(256))


def test_all_letters_turn_up_in_every_place():
    secrets = [receipts.secret_for(n.to_bytes(24)) for n in range(2000)]
    for place in range(20):
        assert {secret[place] for secret in secrets} == set(ALPHABET)


def test_a_secret_matches_only_its_own_digest():
    salt = receipts.new_salt()
    stored = (salt, receipts.digest(salt, RECEIPT.secret))
    assert receipts.matches(RECEIPT.secret, stored)
    assert not receipts.matches(RECEIPT.secret[::-1], stored)
    assert not receipts.matches(RECEIPT.secret, (receipts.new_salt(), stored[1]))
    assert not receipts.matches(RECEIPT.secret, None)
